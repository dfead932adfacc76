<?php

namespace Canyon\Status;

use Canyon\Publisher;

/**
 * What the extension sees of the queue directory, whether a server answers or not.
 */
final class QueueStatus
{
    /**
     * Create a new queue status instance.
     *
     * @param  array<string, mixed>|null  $status  what Canyon\Publisher::status() tells; without it $unknown says why
     */
    private function __construct(
        public readonly string $directory,
        public readonly ?array $status,
        public readonly ?string $unknown,
    ) {
        //
    }

    /**
     * Look at a queue directory without making it: it belongs to whoever comes first, and that may be another user.
     */
    public static function of(string $directory, string $appId): self
    {
        clearstatcache();

        $unknown = match (true) {
            ! class_exists(Publisher::class, false) => 'only the extension can tell, and it is not loaded',
            ! is_dir($directory) => 'the directory does not exist',
            self::isForeignToRoot($directory) => 'this process runs as root, for whom the queue is not meant; run the command as the user of the queue',
            default => null,
        };

        return new self($directory, $unknown === null ? (new Publisher($directory, $appId))->status() : null, $unknown);
    }

    /**
     * Get why events do not reach a server through the queue, as far as can be seen.
     */
    public function problem(): ?string
    {
        $start = 'Start the server with [php artisan canyon:start]; if it runs, it has another queue: compare CANYON_QUEUE and CANYON_APP_ID with its settings.';

        return match (true) {
            $this->status === null => is_dir($this->directory) ? null : "The queue directory [{$this->directory}] does not exist, so no server drains it. {$start}",
            $this->status['error'] !== null => "The queue cannot be used: {$this->status['error']}.",
            ! $this->status['server_alive'] => "No server drains the queue [{$this->directory}]. {$start}",
            $this->status['server_silent_ms'] !== null => "The server has not drained the queue for {$this->status['server_silent_ms']} ms: it is stopped or has no processor time. Look at the process, and start it anew.",
            default => null,
        };
    }

    /**
     * Get since when a server drains the queue, as a Unix timestamp.
     */
    public function aliveSince(): ?int
    {
        $since = $this->status['server_since_ms'] ?? null;

        return $since === null ? null : intdiv($since, 1000);
    }

    /**
     * Determine if this process is root's and the directory somebody else's.
     */
    private static function isForeignToRoot(string $directory): bool
    {
        return function_exists('posix_geteuid') && posix_geteuid() === 0 && fileowner($directory) !== 0;
    }
}
