<?php

namespace Canyon\Api;

/**
 * A client whose connection takes no more for now.
 */
final class SlowClient
{
    /**
     * Create a new slow client.
     */
    public function __construct(
        public readonly string $socketId,
        public readonly ?string $userId,
        public readonly int $unsentBytes,
        public readonly int $stalledMs,
        public readonly int $subscriptionCount,
    ) {
        //
    }
}
