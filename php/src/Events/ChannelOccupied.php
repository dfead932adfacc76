<?php

namespace Canyon\Events;

use Carbon\CarbonImmutable;

/**
 * A channel has got its first subscriber.
 */
final readonly class ChannelOccupied implements LifecycleEvent
{
    /**
     * Create a new event instance.
     */
    public function __construct(
        public string $appId,
        public string $channel,
        public CarbonImmutable $occurredAt,
    ) {
        //
    }
}
