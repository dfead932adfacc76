<?php

namespace Canyon\Console;

use Canyon\Exception;

final class ServerBinary
{
    /**
     * Create a new server binary instance.
     */
    private function __construct(public readonly string $path)
    {
        //
    }

    /**
     * Find the binary: where it is configured to be, else in the application, else in the PATH.
     */
    public static function find(?string $configured, string $basePath): self
    {
        if ($configured !== null && $configured !== '') {
            return self::isExecutable($configured) ? new self($configured) : throw new Exception(
                "There is no executable file at [{$configured}]. Set CANYON_BINARY to the path of the canyon binary."
            );
        }

        $directories = [
            $basePath.'/vendor/bin',
            $basePath.'/bin',
            ...explode(PATH_SEPARATOR, (string) getenv('PATH')),
        ];

        foreach ($directories as $directory) {
            if ($directory !== '' && self::isExecutable($directory.'/canyon')) {
                return new self($directory.'/canyon');
            }
        }

        throw new Exception('The canyon binary was found neither in vendor/bin and bin of this application nor in the PATH. Install it from a release, or build it with [make server] in a checkout of Canyon, and set CANYON_BINARY to its path.');
    }

    /**
     * Replace this process with the server; this only returns by throwing.
     *
     * The settings go through the environment, for arguments can be read by every user of
     * the machine. They are whole: the binary does not look at other variables then.
     *
     * @param  array<string, mixed>  $settings
     * @param  list<string>  $arguments
     * @param  array<string, string>  $environment
     */
    public function exec(array $settings, array $arguments, array $environment = []): never
    {
        if (! function_exists('pcntl_exec')) {
            throw new Exception("Replacing this process needs PHP's pcntl extension. Install it, or run [{$this->path} serve] yourself, with the settings in its environment.");
        }

        $settings = json_encode($settings, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);

        @pcntl_exec($this->path, $arguments, ['CANYON_SETTINGS' => $settings] + $environment + getenv());

        throw new Exception("Could not run [{$this->path}]: ".pcntl_strerror(pcntl_get_last_error()).'.');
    }

    /**
     * Determine if the path is one of a program.
     */
    private static function isExecutable(string $path): bool
    {
        return is_file($path) && is_executable($path);
    }
}
