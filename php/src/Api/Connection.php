<?php

namespace Canyon\Api;

use Illuminate\Support\Collection;
use Stringable;

/**
 * What a server can be asked about the connections of one application.
 */
interface Connection
{
    /**
     * Get the occupied channels whose names begin with a prefix.
     *
     * @return Collection<int, Channel>
     *
     * @throws \Canyon\Exception
     */
    public function channels(string $prefix = ''): Collection;

    /**
     * Get a channel, whether anybody is on it or not.
     *
     * @throws \Canyon\Exception
     */
    public function channel(string|Stringable $name): Channel;

    /**
     * Get the members of a presence channel.
     *
     * @return Collection<int, Member>
     *
     * @throws \Canyon\Exception
     */
    public function members(string|Stringable $channel): Collection;

    /**
     * Determine if a user is signed in, or a member of a presence channel.
     *
     * @param  \Illuminate\Contracts\Auth\Authenticatable|string|int  $user
     *
     * @throws \Canyon\Exception
     */
    public function isOnline(mixed $user): bool;

    /**
     * Get where a user is online.
     *
     * @param  \Illuminate\Contracts\Auth\Authenticatable|string|int  $user
     *
     * @throws \Canyon\Exception
     */
    public function user(mixed $user): User;

    /**
     * Count the application's connections.
     *
     * @throws \Canyon\Exception
     */
    public function connections(): int;

    /**
     * Close all connections that are signed in as a user.
     *
     * @param  \Illuminate\Contracts\Auth\Authenticatable|string|int  $user
     *
     * @throws \Canyon\Exception
     */
    public function terminate(mixed $user): void;

    /**
     * Get the version of the server, and what it is doing.
     *
     * @throws \Canyon\Exception
     */
    public function status(): ServerStatus;
}
