<?php

// What Composer's vendor/autoload.php is to an application: PHPUnit and the artisan of the test application begin here.

$autoload = getenv('LARAVEL_AUTOLOAD') ?: dirname(__DIR__, 2).'/vendor/autoload.php';

if (! is_file($autoload)) {
    fwrite(STDERR, "There is no Laravel at [{$autoload}]. Source tests/setup/env.sh, or set LARAVEL_AUTOLOAD to the autoload.php to use.\n");

    exit(1);
}

require_once $autoload;

if (is_file($mockery = (string) getenv('MOCKERY_AUTOLOAD'))) {
    require_once $mockery;
}

spl_autoload_register(static function (string $class) {
    foreach (['Canyon\\Tests\\' => __DIR__.'/', 'Canyon\\' => dirname(__DIR__, 2).'/php/src/'] as $prefix => $directory) {
        if (str_starts_with($class, $prefix)) {
            $file = $directory.str_replace('\\', '/', substr($class, strlen($prefix))).'.php';

            if (is_file($file)) {
                require $file;
            }

            return;
        }
    }
});
