<?php

namespace Canyon\Tests\Support;

use Illuminate\Filesystem\Filesystem;

/**
 * A copy of the test application in a directory of its own.
 */
final class Skeleton
{
    private function __construct(public readonly string $path)
    {
        //
    }

    public static function create(): self
    {
        $files = new Filesystem;
        $path = sys_get_temp_dir().'/canyon-app-'.bin2hex(random_bytes(8));

        $files->copyDirectory(__DIR__.'/../Fixtures/app', $path);

        foreach (['bootstrap/cache', 'config', 'storage/logs', 'storage/framework/cache', 'storage/framework/sessions', 'storage/framework/views'] as $directory) {
            $files->ensureDirectoryExists("{$path}/{$directory}");
        }

        return new self($path);
    }

    public function log(): string
    {
        return (string) @file_get_contents($this->path.'/storage/logs/laravel.log');
    }

    public function delete(): void
    {
        (new Filesystem)->deleteDirectory($this->path);
    }
}
