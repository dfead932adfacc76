<?php

/**
 * Stubs of the PHP extension "canyon", for editors and static analysis. Never load this file.
 *
 * Settings in php.ini (PHP_INI_SYSTEM):
 *
 *   canyon.ring_bytes = 256K           size of a process's ring in the queue: a power of two, from 64K on
 *   canyon.max_event_bytes = 1M        the longest data of an event
 *   canyon.max_channel_length = 164    the longest name of a channel
 *   canyon.queue_owner =               a user, besides this one and root, whose queue directory is trusted
 *   canyon.queue_group =               a group that shares the queue directory: it is made with mode 2770 then
 */

namespace Canyon;

/**
 * Publishes events of one application through a queue directory, to the server on the same host.
 *
 * Cheap to construct: it attaches to the queue on first use, and all publishers of a thread share one ring per queue.
 */
final class Publisher
{
    /**
     * Create a new publisher. Nothing is opened yet.
     *
     * @param  non-empty-string  $queue  the queue directory, the same as the server's
     * @param  non-empty-string  $appId
     *
     * @throws Exception if one of them cannot be
     */
    public function __construct(string $queue, string $appId) {}

    /**
     * Publish an event. Never waits: it returns when the event stands in the queue, whether a server runs or not.
     *
     * Arguments must have exactly these types; nothing is converted, not even without strict_types.
     *
     * @param  string|array<array-key, string>  $channels  one channel or several
     * @param  non-empty-string  $event  at most 200 characters; not "pusher:..." or "pusher_internal:..."
     * @param  string  $data  as the clients get it, in UTF-8: usually JSON
     * @param  string|null  $exceptSocketId  the connection that does not get it, like "1234.5678"
     *
     * @throws QueueFull if the queue has no room, because no server drains it or it does not keep up
     * @throws Exception if a name, a size or an encoding is not allowed, or if the queue cannot be used
     * @throws \TypeError if $channels is something else, or holds something else than strings
     */
    public function publish(string|array $channels, string $event, string $data, ?string $exceptSocketId = null): void {}

    /**
     * Get what this process sees of the queue. Attaches to it; a failure to do so stands in "error".
     *
     * @return array{
     *     queue: string,
     *     attached: bool,
     *     error: string|null,
     *     server_alive: bool,
     *     server_since_ms: int|null,
     *     server_silent_ms: int|null,
     *     depth_events: int,
     *     depth_bytes: int,
     *     oldest_ms: int|null,
     *     refused_events: int,
     *     ring_bytes: int|null,
     *     queue_events: int,
     *     queue_bytes: int,
     *     queue_oldest_ms: int|null,
     *     protocol_version: int,
     *     server_protocol_version: int|null,
     * } times "since" in milliseconds since 1970; "silent" and "oldest" as durations; depths are those of this process's ring,
     *     "refused" what found it full since it was made, "queue" what waits in the rings of all processes
     */
    public function status(): array {}
}

/**
 * A server inside a long-running PHP process (artisan, Octane, FrankenPHP). It runs on threads of its own.
 */
final class Server
{
    /**
     * Create a new server. The settings are checked; nothing is started.
     *
     * @param  array<string, mixed>  $config  the same keys as in the TOML file of "canyon serve"
     *
     * @throws Exception if a setting is unknown or cannot be
     */
    public function __construct(array $config) {}

    /**
     * Start the server. When this returns, clients can connect and events are delivered.
     *
     * @throws Exception if an address or the queue cannot be had, or if the server runs already
     */
    public function start(): void {}

    /**
     * Keep a server running with this command, generation after generation, until SIGTERM or SIGINT; SIGUSR2 reloads.
     *
     * @param  list<string>  $command  starts a process that calls start()
     * @return int the exit code
     *
     * @throws Exception if the command cannot be run
     */
    public static function keep(array $command): int {}

    /**
     * Determine if the server has clients. It has none any more once a successor has taken over, which happens in poll().
     */
    public function isServing(): bool {}

    /**
     * Wait for the next life-cycle event. Returns early, with null, when a signal arrives.
     *
     * @return null|array{type: string, app: string, channel?: string, user_id?: string, event?: string, data?: string, socket_id?: string, count?: int, time_ms: int}
     *
     * @throws Exception if the server is not running in this process
     */
    public function poll(int $timeoutMs): ?array {}

    /**
     * Stop the server, if it runs. Clients are closed one after the other over this time, or at once when a signal
     * arrives. Also done at the end of the process.
     */
    public function stop(int $graceMs = 0): void {}
}

/**
 * The base of everything Canyon throws.
 */
class Exception extends \RuntimeException {}

/**
 * Nobody takes events out of the queue quickly enough.
 */
final class QueueFull extends Exception {}
