<?php

namespace Canyon\Tests\Support;

use Illuminate\Filesystem\Filesystem;
use Symfony\Component\Process\Process;

/**
 * A copy of an application of somebody who installs Canyon; the package is discovered as Composer would have it.
 */
final class InstallableApp
{
    private function __construct(public readonly string $path)
    {
        //
    }

    /**
     * Create a copy of the skeleton, over which a variant is laid.
     */
    public static function create(?string $variant = null): self
    {
        $files = new Filesystem;
        $app = new self(sys_get_temp_dir().'/canyon-install-'.bin2hex(random_bytes(8)));
        $fixtures = __DIR__.'/../Fixtures/apps';

        foreach (array_filter(['skeleton', $variant]) as $layer) {
            $files->copyDirectory("{$fixtures}/{$layer}", $app->path);
        }

        foreach (['bootstrap/cache', 'storage/logs', 'storage/framework/cache', 'storage/framework/sessions', 'storage/framework/views', 'vendor/composer'] as $directory) {
            $files->ensureDirectoryExists("{$app->path}/{$directory}");
        }

        $app->write('vendor/composer/installed.json', json_encode(['packages' => [$app->package()]]));
        $app->write('vendor/autoload.php', <<<'PHP'
            <?php

            require getenv('CANYON_TESTS').'/autoload.php';

            spl_autoload_register(static function (string $class) {
                $file = dirname(__DIR__).'/app/'.str_replace('\\', '/', substr($class, 4)).'.php';

                if (str_starts_with($class, 'App\\') && is_file($file)) {
                    require $file;
                }
            });
            PHP);

        return $app;
    }

    /**
     * Run an artisan command, with nothing in the environment but what the application has in its file.
     *
     * @param  list<string>  $arguments
     * @param  array<string, string|false>  $environment
     */
    public function artisan(array $arguments, array $environment = [], bool $extension = true): Process
    {
        $arguments = [$this->path.'/artisan', '--no-ansi', ...$arguments];
        $environment += ['COLUMNS' => '200'] + $this->withoutOwn();

        return $extension ? Php::process($arguments, $environment) : Php::withoutExtension($arguments, $environment);
    }

    /**
     * Install Canyon, and get what is printed.
     */
    public function install(string ...$options): string
    {
        return $this->artisan(['canyon:install', '--no-interaction', '--without-node', ...$options])->mustRun()->getOutput();
    }

    /**
     * Get values of the configuration, as the application sees it.
     *
     * @return list<mixed>
     */
    public function config(string ...$keys): array
    {
        $output = $this->artisan(['show', ...$keys])->mustRun()->getOutput();

        return json_decode($output, true, flags: JSON_THROW_ON_ERROR);
    }

    public function read(string $path): string
    {
        return (string) file_get_contents("{$this->path}/{$path}");
    }

    public function write(string $path, string $contents): void
    {
        (new Filesystem)->ensureDirectoryExists(dirname("{$this->path}/{$path}"));

        file_put_contents("{$this->path}/{$path}", $contents);
    }

    public function has(string $path): bool
    {
        return file_exists("{$this->path}/{$path}");
    }

    public function remove(string $path): void
    {
        unlink("{$this->path}/{$path}");
    }

    /**
     * Get the contents and the time of the last change of every file, but for those that Laravel writes by itself.
     *
     * @return array<string, array{string, int}>
     */
    public function state(): array
    {
        $state = [];

        clearstatcache();

        foreach ((new Filesystem)->allFiles($this->path, hidden: true) as $file) {
            if (preg_match('~\A(storage|bootstrap/cache|node_modules)/~', $file->getRelativePathname()) !== 1) {
                $state[$file->getRelativePathname()] = [$file->getContents(), $file->getMTime()];
            }
        }

        ksort($state);

        return $state;
    }

    public function delete(): void
    {
        (new Filesystem)->deleteDirectory($this->path);
    }

    /**
     * Get what Composer notes down about an installed package.
     *
     * @return array<string, mixed>
     */
    private function package(): array
    {
        return json_decode((string) file_get_contents(dirname(__DIR__, 3).'/composer.json'), true, flags: JSON_THROW_ON_ERROR);
    }

    /**
     * Take variables of the test's own application out of the environment.
     *
     * @return array<string, false>
     */
    private function withoutOwn(): array
    {
        $names = preg_grep('/\A(APP|BROADCAST|CACHE|LOG|QUEUE|SESSION|VITE|REVERB|PUSHER)_|\ACANYON_(?!EXTENSION|TESTS|CACHE|BIN\z|ROOT|EXT8|PUBLISH)/', array_keys(getenv() + $_SERVER));

        return array_fill_keys(is_array($names) ? array_values($names) : [], false);
    }
}
