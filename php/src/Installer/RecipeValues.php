<?php

namespace Canyon\Installer;

use Canyon\Credentials;
use Canyon\Exception;
use Illuminate\Contracts\Foundation\Application;

/**
 * What the recipes have to know of the application and of this machine.
 */
final class RecipeValues
{
    /**
     * Get the values by the names that the recipes call them.
     *
     * @return array<string, string>
     */
    public static function of(Application $app): array
    {
        $config = $app->make('config');
        $credentials = new Credentials((array) $config->get('canyon.app'));
        $prefix = trim((string) $config->get('canyon.server.path_prefix'), '/');
        $path = self::lasting($app->basePath());

        $values = [
            'app_id' => $credentials->id(),
            'app_key' => $credentials->key(),
            'path_prefix' => $prefix === '' ? '' : "/{$prefix}",
            'domain' => (string) (parse_url((string) $config->get('app.url'), PHP_URL_HOST) ?: 'localhost'),
            'app_path' => $path,
            'public_path' => str_replace($app->basePath(), $path, $app->publicPath()),
            'php' => PHP_BINARY,
            'php_version' => PHP_MAJOR_VERSION.'.'.PHP_MINOR_VERSION,
            'port' => (string) $config->get('canyon.server.port', 8080),
            'user' => self::owner($app->storagePath()),
            'group' => (string) $config->get('canyon.queue_group') ?: 'www-data',
            'stop_seconds' => (string) ((int) $config->get('canyon.server.drain_seconds') + 15),
            'silence' => (string) ((int) $config->get('canyon.app.activity_timeout', 50) + 60),
            'folder' => Recipe::FOLDER,
            'context' => '../../..',
        ];

        foreach ($values as $name => $value) {
            // Each of the programs has quotes of its own kind.
            if (preg_match('~\A[A-Za-z0-9_./@:+-]*\z~', $value) !== 1) {
                throw new Exception("The recipes cannot be filled in: [{$value}] ({$name}) holds characters that mean something in configuration files.");
            }
        }

        return $values;
    }

    /**
     * Get the path of the application that the next deployment leaves as it is, where each has a folder in "releases".
     */
    private static function lasting(string $path): string
    {
        $current = dirname($path, 2).'/current';

        return basename(dirname($path)) === 'releases' && realpath($current) === realpath($path) ? $current : $path;
    }

    /**
     * Get the user that a directory belongs to: PHP runs as that one where it may write there.
     */
    private static function owner(string $directory): string
    {
        $owner = @fileowner($directory);
        $user = $owner === false || ! function_exists('posix_getpwuid') ? false : posix_getpwuid($owner);

        return $user === false ? 'www-data' : $user['name'];
    }
}
