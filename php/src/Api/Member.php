<?php

namespace Canyon\Api;

/**
 * A member of a presence channel.
 */
final class Member
{
    /**
     * Create a new member instance.
     */
    public function __construct(public readonly string $id)
    {
        //
    }
}
