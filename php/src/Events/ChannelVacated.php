<?php

namespace Canyon\Events;

use Carbon\CarbonImmutable;

/**
 * A channel has lost its last subscriber.
 *
 * Told up to three seconds later, and not at all if somebody subscribes in the meantime.
 */
final readonly class ChannelVacated implements LifecycleEvent
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
