<?php

namespace Canyon\Console;

use Canyon\Broadcasting\Transports\ExtensionTransport;
use Canyon\Exception;
use Canyon\Server;

/**
 * The permanent parent of the server: it starts it, starts it again, and lets it be reloaded.
 *
 * It runs in this process in place of the application, of which it needs nothing.
 */
final class ServerParent
{
    /**
     * The variable that the parent sets for the processes that it starts.
     */
    private const GENERATION = 'CANYON_GENERATION';

    /**
     * Determine if this process was started by a parent, to serve.
     */
    public static function isPresent(): bool
    {
        return getenv(self::GENERATION) !== false;
    }

    /**
     * Determine if this process can become a parent.
     */
    public static function isPossible(): bool
    {
        return function_exists('pcntl_exec')
            && ExtensionTransport::isAvailable()
            && method_exists(Server::class, 'keep')
            && self::command() !== [];
    }

    /**
     * Become the parent of a server that is hosted in PHP; this only returns by throwing.
     */
    public static function become(): never
    {
        // The script and its arguments are the end of the command line; what PHP was given, "-d" for example, stays.
        [$php, $options] = [self::command()[0], array_slice(self::command(), 1, -count($_SERVER['argv']))];

        @pcntl_exec($php, [...$options, '-r', 'exit(Canyon\Server::keep(json_decode(getenv("CANYON_COMMAND"), true)));'], self::environment() + getenv());

        throw new Exception("Could not run [{$php}]: ".pcntl_strerror(pcntl_get_last_error()).'.');
    }

    /**
     * Get what a parent has to know to start this command again.
     *
     * @return array<string, string>
     */
    public static function environment(): array
    {
        return ['CANYON_COMMAND' => json_encode(self::command(), JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES)];
    }

    /**
     * Get the command line of this process; empty where the system does not tell.
     *
     * @return list<string>
     */
    private static function command(): array
    {
        $line = @file_get_contents('/proc/self/cmdline');

        if ($line === false || $line === '') {
            return [];
        }

        [$program, $arguments] = [strtok($line, "\0"), array_slice(explode("\0", substr($line, 0, -1)), 1)];

        return [str_contains($program, '/') ? $program : PHP_BINARY, ...$arguments];
    }
}
