<?php

namespace Canyon\Events;

use Carbon\CarbonImmutable;

/**
 * A user has come to a presence channel, with the first of possibly several connections.
 */
final readonly class MemberAdded implements LifecycleEvent
{
    /**
     * Create a new event instance.
     */
    public function __construct(
        public string $appId,
        public string $channel,
        public string $userId,
        public CarbonImmutable $occurredAt,
    ) {
        //
    }
}
