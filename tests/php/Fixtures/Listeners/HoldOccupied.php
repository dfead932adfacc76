<?php

namespace Canyon\Tests\Fixtures\Listeners;

use Canyon\Events\ChannelOccupied;
use RuntimeException;

/**
 * Takes until the test makes the file "release" in the application's storage directory.
 */
class HoldOccupied
{
    public function subscribe(): array
    {
        return [ChannelOccupied::class => 'handle'];
    }

    public function handle(): void
    {
        for ($deadline = time() + 30; ! file_exists(storage_path('release')); usleep(1000)) {
            if (time() > $deadline) {
                throw new RuntimeException('The test has not released the listener.');
            }
        }
    }
}
