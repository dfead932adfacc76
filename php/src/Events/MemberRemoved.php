<?php

namespace Canyon\Events;

use Carbon\CarbonImmutable;

/**
 * A user has left a presence channel with their last connection.
 *
 * Told up to three seconds later, and not at all if the user comes back in the meantime.
 */
final readonly class MemberRemoved implements LifecycleEvent
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
