<?php

namespace Canyon\Tests\Fixtures\Listeners;

use Canyon\Events\CacheMiss;
use Canyon\Events\ChannelOccupied;
use Canyon\Events\ChannelVacated;
use Canyon\Events\ClientEvent;
use Canyon\Events\LifecycleEvent;
use Canyon\Events\MemberAdded;
use Canyon\Events\MemberRemoved;
use Canyon\Events\SubscriptionCount;

/**
 * Writes what happens into a file of the application, for the test to read.
 */
class RecordLifecycle
{
    public function subscribe(): array
    {
        return array_fill_keys([
            CacheMiss::class,
            ChannelOccupied::class,
            ChannelVacated::class,
            ClientEvent::class,
            MemberAdded::class,
            MemberRemoved::class,
            SubscriptionCount::class,
        ], 'handle');
    }

    public function handle(LifecycleEvent $event): void
    {
        file_put_contents(storage_path('lifecycle'), base64_encode(serialize($event))."\n", FILE_APPEND);
    }

    /**
     * @return list<LifecycleEvent>
     */
    public static function recorded(string $storagePath): array
    {
        $lines = is_file("{$storagePath}/lifecycle") ? file("{$storagePath}/lifecycle", FILE_IGNORE_NEW_LINES) : [];

        return array_map(static fn (string $line) => unserialize(base64_decode($line)), $lines);
    }
}
