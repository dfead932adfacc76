<?php

namespace Canyon;

final class QueueDirectory
{
    /**
     * Get the directory through which the application's events reach the server.
     *
     * It never depends on the user: PHP-FPM and the server must arrive at the same one.
     */
    public static function resolve(?string $configured, Credentials $credentials, string $runDirectory = '/run/canyon'): string
    {
        if ($configured !== null && $configured !== '') {
            return $configured;
        }

        return is_dir($runDirectory)
            ? $runDirectory.'/'.$credentials->id()
            : '/dev/shm/canyon-'.$credentials->id();
    }

    /**
     * Determine if this process is root's and the directory another user's, who could not use what root leaves there.
     */
    public static function isForeignToRoot(string $directory): bool
    {
        return function_exists('posix_geteuid') && posix_geteuid() === 0 && (int) @fileowner($directory) !== 0;
    }
}
