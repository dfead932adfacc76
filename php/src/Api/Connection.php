<?php

namespace Canyon\Api;

use Canyon\Exception;
use Illuminate\Contracts\Auth\Authenticatable;
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
     * @throws Exception
     */
    public function channels(string $prefix = ''): Collection;

    /**
     * Get a channel, whether anybody is on it or not.
     *
     * @throws Exception
     */
    public function channel(string|Stringable $name): Channel;

    /**
     * Get the members of a presence channel.
     *
     * @return Collection<int, Member>
     *
     * @throws Exception
     */
    public function members(string|Stringable $channel): Collection;

    /**
     * Determine if a user is signed in, or a member of a presence channel.
     *
     * @param  Authenticatable|string|int  $user
     *
     * @throws Exception
     */
    public function isOnline(mixed $user): bool;

    /**
     * Get where a user is online.
     *
     * @param  Authenticatable|string|int  $user
     *
     * @throws Exception
     */
    public function user(mixed $user): User;

    /**
     * Count the application's connections.
     *
     * @throws Exception
     */
    public function connections(): int;

    /**
     * Close all connections that are signed in as a user.
     *
     * @param  Authenticatable|string|int  $user
     *
     * @throws Exception
     */
    public function terminate(mixed $user): void;

    /**
     * Get the version of the server, and what it is doing.
     *
     * @throws Exception
     */
    public function status(): ServerStatus;

    /**
     * Get the last seconds of the server, up to ten minutes of them.
     *
     * @throws Exception
     */
    public function history(int $seconds = 600): History;

    /**
     * Get what keeps the server busy, sorted by "events", "deliveries" or "subscribers".
     *
     * @throws Exception
     */
    public function top(int $limit = 20, string $sort = 'events'): Top;
}
