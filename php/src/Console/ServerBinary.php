<?php

namespace Canyon\Console;

use Canyon\Exception;

final class ServerBinary
{
    /**
     * The environment variables that the settings we hand over stand for.
     *
     * The binary would let them win over the settings, and with them over the command's options.
     */
    private const REPLACED_VARIABLES = '/\A(CANYON_(APP_ID|APP_KEY|APP_SECRET|LISTEN|QUEUE)|REVERB_.*)\z/';

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

        throw new Exception('The canyon binary was found neither in vendor/bin and bin of this application nor in the PATH. Install it, or set CANYON_BINARY to its path.');
    }

    /**
     * Replace this process with the server; this only returns by throwing.
     *
     * The settings go through the environment, for arguments can be read by every user of the machine.
     */
    public function exec(string $settings): never
    {
        if (! function_exists('pcntl_exec')) {
            throw new Exception("Replacing this process needs PHP's pcntl extension. Install it, or run [{$this->path} serve] yourself, with the settings in its environment.");
        }

        $environment = array_filter(
            getenv(),
            static fn (string $name) => preg_match(self::REPLACED_VARIABLES, $name) !== 1,
            ARRAY_FILTER_USE_KEY,
        );

        @pcntl_exec($this->path, ['serve'], ['CANYON_SETTINGS' => $settings] + $environment);

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
