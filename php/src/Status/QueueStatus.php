<?php

namespace Canyon\Status;

use Canyon\Doctor\Finding;
use Canyon\Publisher;
use Canyon\QueueDirectory;

/**
 * What the extension sees of the queue directory, whether a server answers or not.
 */
final class QueueStatus
{
    private const SUBJECT = 'Server at the queue';

    private const START = 'Start the server with [php artisan canyon:start]. If it runs, it has another queue: compare CANYON_QUEUE and CANYON_APP_ID with its settings.';

    /**
     * Create a new queue status instance.
     *
     * @param  array<string, mixed>|null  $status  what Canyon\Publisher::status() tells, if it could be asked
     * @param  Finding  $drained  whether a server takes events from the queue
     */
    private function __construct(
        public readonly string $directory,
        public readonly ?array $status,
        public readonly Finding $drained,
    ) {
        //
    }

    /**
     * Look at a queue directory without making it: it belongs to whoever comes first, and that may be another user.
     */
    public static function of(string $directory, string $appId): self
    {
        clearstatcache();

        if (($obstacle = self::obstacle($directory)) !== null) {
            return new self($directory, null, $obstacle);
        }

        $status = (new Publisher($directory, $appId))->status();

        return new self($directory, $status, self::judge($directory, $status));
    }

    /**
     * Get why the extension could not be asked.
     */
    public function unknown(): ?string
    {
        return $this->status === null ? $this->drained->detail : null;
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
     * Find out why the extension cannot be asked.
     */
    private static function obstacle(string $directory): ?Finding
    {
        return match (true) {
            ! file_exists($directory) => Finding::failed(self::SUBJECT, "the queue directory [{$directory}] does not exist, so no server drains it", self::START),
            ! class_exists(Publisher::class, false) => Finding::skipped(self::SUBJECT, 'only the extension can tell, and it is not loaded'),
            QueueDirectory::isForeignToRoot($directory) => Finding::skipped(self::SUBJECT, 'this process runs as root, for whom the queue is not meant; run this command as the user it belongs to'),
            default => null,
        };
    }

    /**
     * Look for the server's sign of life.
     *
     * @param  array<string, mixed>  $status
     */
    private static function judge(string $directory, array $status): Finding
    {
        return match (true) {
            $status['error'] !== null => Finding::failed(self::SUBJECT, "the queue cannot be used: {$status['error']}", 'The queue directory must be one that this user and the server share.'),
            ! $status['server_alive'] => Finding::failed(self::SUBJECT, "no server drains the queue [{$directory}]", self::START),
            $status['server_silent_ms'] !== null => Finding::failed(self::SUBJECT, "the server is there, but has not drained the queue for {$status['server_silent_ms']} ms", 'It is stopped or has no processor time: look at the process, and start it anew.'),
            default => Finding::passed(self::SUBJECT, sprintf('alive since %s, queue protocol %d', date('Y-m-d H:i:s', intdiv((int) $status['server_since_ms'], 1000)), $status['protocol_version'])),
        };
    }
}
