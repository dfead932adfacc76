<?php

namespace Canyon\Api;

/**
 * Something that a server refused to do, and why.
 */
final class Refusal
{
    /**
     * Create a new refusal.
     */
    public function __construct(
        public readonly int $timeMs,
        public readonly string $what,
        public readonly ?int $code,
        public readonly string $why,
        public readonly ?string $channel,
        public readonly ?string $socketId,
        /** How often in a row. */
        public readonly int $count = 1,
    ) {
        //
    }
}
