<?php

namespace Canyon\Doctor;

/**
 * The users as whom PHP-FPM's pools run on this machine, found among its processes.
 */
final class FpmUsers
{
    /**
     * Create a new instance.
     */
    public function __construct(private readonly string $processes = '/proc')
    {
        //
    }

    /**
     * Get the IDs of the users.
     *
     * @return list<int>
     */
    public function ids(): array
    {
        $ids = [];

        foreach (glob("{$this->processes}/[0-9]*", GLOB_ONLYDIR) ?: [] as $process) {
            if (str_starts_with((string) @file_get_contents("{$process}/cmdline"), 'php-fpm: pool')) {
                $ids[] = (int) @fileowner($process);
            }
        }

        return array_values(array_unique($ids));
    }
}
