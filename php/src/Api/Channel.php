<?php

namespace Canyon\Api;

/**
 * A channel as the server sees it.
 */
final class Channel
{
    /**
     * Create a new channel instance.
     */
    public function __construct(
        public readonly string $name,
        public readonly int $subscriptionCount,
        /** The number of distinct users; only presence channels know their users. */
        public readonly ?int $userCount = null,
    ) {
        //
    }

    /**
     * Determine if anybody is on the channel.
     */
    public function isOccupied(): bool
    {
        return $this->subscriptionCount > 0;
    }

    /**
     * Determine if the channel knows its members.
     */
    public function isPresence(): bool
    {
        return str_starts_with($this->name, 'presence-');
    }
}
