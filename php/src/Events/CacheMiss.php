<?php

namespace Canyon\Events;

use Carbon\CarbonImmutable;

/**
 * Somebody has subscribed to a cache channel that holds no event.
 */
final readonly class CacheMiss implements LifecycleEvent
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
