<?php

/*
|--------------------------------------------------------------------------
| Where Laravel Comes From
|--------------------------------------------------------------------------
|
| LARAVEL_AUTOLOAD names the autoload file of a framework that was installed
| without Composer; without it a Composer vendor directory of this app is
| used. Our own classes are found here, so that either of the two will do.
|
*/

$autoload = getenv('LARAVEL_AUTOLOAD') ?: dirname(__DIR__).'/vendor/autoload.php';

if (! is_file($autoload)) {
    throw new RuntimeException("No Laravel at [{$autoload}]. Start the demo with `make demo`, run `composer install` in tests/app, or set LARAVEL_AUTOLOAD.");
}

require $autoload;

// Before Laravel's: without Composer that is a chain of a hundred loaders, which would all be asked for our classes first.
spl_autoload_register(prepend: true, callback: function (string $class): void {
    $roots = [
        'App\\' => dirname(__DIR__).'/app/',
        'Database\\Seeders\\' => dirname(__DIR__).'/database/seeders/',
        'Canyon\\' => dirname(__DIR__, 3).'/php/src/',
    ];

    foreach ($roots as $prefix => $directory) {
        if (str_starts_with($class, $prefix)) {
            $file = $directory.strtr(substr($class, strlen($prefix)), '\\', '/').'.php';

            if (is_file($file)) {
                require $file;
            }
        }
    }
});
