<?php

namespace Canyon\Installer;

use Illuminate\Foundation\Console\BroadcastingInstallCommand;
use ReflectionClass;

/**
 * What Laravel itself writes into an application, as the installed version has it.
 */
final class LaravelFiles
{
    /**
     * Get the configuration of broadcasting, which an application of today has no file for at first.
     */
    public static function broadcastingConfig(): ?string
    {
        return self::read('/../../../../config/broadcasting.php');
    }

    /**
     * Get the script that sets Echo up for Pusher.
     */
    public static function pusherScript(): ?string
    {
        return self::read('/stubs/echo-js-pusher.stub');
    }

    /**
     * Read a file that lies somewhere around Laravel's commands.
     */
    private static function read(string $path): ?string
    {
        if (! class_exists(BroadcastingInstallCommand::class)) {
            return null;
        }

        $file = dirname((string) (new ReflectionClass(BroadcastingInstallCommand::class))->getFileName()).$path;

        return is_file($file) ? (string) file_get_contents($file) : null;
    }
}
