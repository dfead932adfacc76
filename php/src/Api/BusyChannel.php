<?php

namespace Canyon\Api;

/**
 * A channel on which something was going on in the last second.
 */
final class BusyChannel
{
    /**
     * Create a new busy channel.
     */
    public function __construct(
        public readonly string $name,
        public readonly int $subscriptionCount,
        /** The number of distinct users; only presence channels know their users. */
        public readonly ?int $userCount,
        /** Events of that second, what was delivered of them to subscribers, and the bytes of that. */
        public readonly float $events,
        public readonly float $deliveries,
        public readonly float $bytes,
    ) {
        //
    }
}
