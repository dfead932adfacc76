<?php

namespace Canyon\Testing;

use Canyon\Api\Channel;
use Canyon\Api\Connection;
use Canyon\Api\History;
use Canyon\Api\Member;
use Canyon\Api\ServerStatus;
use Canyon\Api\Top;
use Canyon\Api\User;
use Illuminate\Contracts\Auth\Authenticatable;
use Illuminate\Support\Collection;
use Stringable;

/**
 * A server on which nobody is but those whom the test puts there.
 */
final class FakeConnection implements Connection
{
    /**
     * The IDs of the members by presence channel.
     *
     * @var array<string, list<string>>
     */
    private array $members = [];

    /**
     * The IDs of the users who are signed in.
     *
     * @var list<string>
     */
    private array $signedIn = [];

    /**
     * The IDs of the users whose connections were closed.
     *
     * @var list<string>
     */
    public array $terminated = [];

    /**
     * Put users on a presence channel.
     *
     * @param  iterable<mixed>  $users
     */
    public function join(string $channel, iterable $users): void
    {
        foreach ($users as $user) {
            $this->members[$channel] = array_values(array_unique([...$this->members[$channel] ?? [], User::idOf($user)]));
        }
    }

    /**
     * Sign users in.
     *
     * @param  iterable<mixed>  $users
     */
    public function signIn(iterable $users): void
    {
        foreach ($users as $user) {
            $this->signedIn = array_values(array_unique([...$this->signedIn, User::idOf($user)]));
        }
    }

    /**
     * Get the occupied channels whose names begin with a prefix.
     *
     * @return Collection<int, Channel>
     */
    public function channels(string $prefix = ''): Collection
    {
        return (new Collection(array_keys($this->members)))
            ->filter(static fn (string $name) => str_starts_with($name, $prefix))
            ->sort()
            ->map($this->channel(...))
            ->values();
    }

    /**
     * Get a channel, whether anybody is on it or not.
     */
    public function channel(string|Stringable $name): Channel
    {
        $count = count($this->members[(string) $name] ?? []);

        return new Channel((string) $name, $count, str_starts_with((string) $name, 'presence-') ? $count : null);
    }

    /**
     * Get the members of a presence channel.
     *
     * @return Collection<int, Member>
     */
    public function members(string|Stringable $channel): Collection
    {
        return (new Collection($this->members[(string) $channel] ?? []))->map(static fn (string $id) => new Member($id));
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
        $connections = in_array($id, $this->signedIn, true) ? 1 : 0;
        $channels = array_keys(array_filter($this->members, static fn (array $members) => in_array($id, $members, true)));

        return new User($id, $connections > 0 || $channels !== [], $connections, $channels);
    }

    /**
     * Count the application's connections.
     */
    public function connections(): int
    {
        return count(array_unique(array_merge($this->signedIn, ...array_values($this->members))));
    }

    /**
     * Close all connections that are signed in as a user.
     *
     * @param  Authenticatable|string|int  $user
     */
    public function terminate(mixed $user): void
    {
        $this->terminated[] = $id = User::idOf($user);
        $this->signedIn = array_values(array_diff($this->signedIn, [$id]));
    }

    /**
     * Get the version of the server, and what it is doing.
     */
    public function status(): ServerStatus
    {
        return new ServerStatus('fake', 0, $this->connections(), count($this->members), count($this->signedIn));
    }

    /**
     * Get the last seconds of the server, of which there are none.
     */
    public function history(int $seconds = 600): History
    {
        return new History;
    }

    /**
     * Get what keeps the server busy, which is nothing.
     */
    public function top(int $limit = 20, string $sort = 'events'): Top
    {
        return new Top(['version' => 'fake']);
    }
}
