<?php

namespace Canyon\Api;

use Illuminate\Contracts\Auth\Authenticatable;
use Illuminate\Support\Collection;
use Stringable;

/**
 * Asks a server through its HTTP API.
 */
final class HttpConnection implements Connection
{
    /**
     * Create a new connection instance.
     */
    public function __construct(private readonly HttpApi $api)
    {
        //
    }

    /**
     * Get the occupied channels whose names begin with a prefix.
     *
     * @return Collection<int, Channel>
     */
    public function channels(string $prefix = ''): Collection
    {
        // The server counts users only where all channels asked for are presence channels.
        $presence = match (true) {
            str_starts_with($prefix, 'presence-') => $prefix,
            str_starts_with('presence-', $prefix) => 'presence-',
            default => null,
        };

        $users = $presence === null ? [] : $this->list($presence, 'subscription_count,user_count');
        $all = $presence === $prefix ? $users : $users + $this->list($prefix, 'subscription_count');

        ksort($all, SORT_STRING);

        return (new Collection($all))->map(static fn (array $attributes, string|int $name) => new Channel(
            (string) $name, $attributes['subscription_count'] ?? 0, $attributes['user_count'] ?? null,
        ))->values();
    }

    /**
     * Get a channel, whether anybody is on it or not.
     */
    public function channel(string|Stringable $name): Channel
    {
        $name = (string) $name;
        $info = str_starts_with($name, 'presence-') ? 'subscription_count,user_count' : 'subscription_count';
        $answer = $this->api->get('/channels/'.rawurlencode($name), ['info' => $info]);

        return new Channel($name, $answer['subscription_count'] ?? 0, $answer['user_count'] ?? null);
    }

    /**
     * Get the members of a presence channel.
     *
     * @return Collection<int, Member>
     */
    public function members(string|Stringable $channel): Collection
    {
        $answer = $this->api->get('/channels/'.rawurlencode((string) $channel).'/users');

        return (new Collection($answer['users'] ?? []))->map(static fn (array $user) => new Member((string) $user['id']));
    }

    /**
     * Determine if a user is signed in, or a member of a presence channel.
     *
     * @param  Authenticatable|string|int  $user
     */
    public function isOnline(mixed $user): bool
    {
        return $this->user($user)->online;
    }

    /**
     * Get where a user is online.
     *
     * @param  Authenticatable|string|int  $user
     */
    public function user(mixed $user): User
    {
        $id = User::idOf($user);
        $answer = $this->api->get('/users/'.rawurlencode($id));

        return new User($id, $answer['online'] ?? false, $answer['connections'] ?? 0, $answer['channels'] ?? []);
    }

    /**
     * Count the application's connections.
     */
    public function connections(): int
    {
        return $this->api->get('/connections')['connections'] ?? 0;
    }

    /**
     * Close all connections that are signed in as a user.
     *
     * @param  Authenticatable|string|int  $user
     */
    public function terminate(mixed $user): void
    {
        $this->api->post('/users/'.rawurlencode(User::idOf($user)).'/terminate_connections');
    }

    /**
     * Get the version of the server, and what it is doing.
     */
    public function status(): ServerStatus
    {
        $answer = $this->api->get('/status');

        return new ServerStatus(
            $answer['version'] ?? 'unknown',
            $answer['uptime_ms'] ?? 0,
            $answer['connections'] ?? 0,
            $answer['channels'] ?? 0,
            $answer['users'] ?? 0,
            $answer['counts'] ?? [],
        );
    }

    /**
     * Get the last seconds of the server, up to ten minutes of them.
     */
    public function history(int $seconds = 600): History
    {
        $answer = $this->api->get('/history', ['seconds' => (string) $seconds]);

        return new History($answer['interval_ms'] ?? 1000, $answer['workers'] ?? 0, $answer['fields'] ?? [], $answer['samples'] ?? []);
    }

    /**
     * Get what keeps the server busy, sorted by "events", "deliveries" or "subscribers".
     */
    public function top(int $limit = 20, string $sort = 'events'): Top
    {
        return new Top($this->api->get('/top', ['limit' => (string) $limit, 'sort' => $sort]));
    }

    /**
     * Get the attributes of the occupied channels by name.
     *
     * @return array<array-key, array<string, int>>
     */
    private function list(string $prefix, string $info): array
    {
        $prefixed = $prefix === '' ? [] : ['filter_by_prefix' => $prefix];

        return $this->api->get('/channels', [...$prefixed, 'info' => $info])['channels'] ?? [];
    }
}
