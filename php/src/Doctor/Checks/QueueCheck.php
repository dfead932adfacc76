<?php

namespace Canyon\Doctor\Checks;

use Canyon\Doctor\Check;
use Canyon\Doctor\Finding;
use Canyon\Doctor\Installation;
use Canyon\Status\QueueStatus;

/**
 * The queue directory, and whether a server drains it.
 */
final class QueueCheck implements Check
{
    /**
     * Look at one part of the installation.
     *
     * @return iterable<Finding>
     */
    public function __invoke(Installation $installation): iterable
    {
        $queue = $installation->queue();

        if ($installation->transport() === 'http') {
            yield Finding::skipped('Queue directory', "the transport \"http\" does not use [{$queue}]");

            return;
        }

        $status = QueueStatus::of($queue, 'doctor');

        if (file_exists($queue)) {
            yield $this->directory($queue);
            yield (new QueueAccess)->finding($queue);
            yield $this->room($queue);
        }

        yield $status->drained;
    }

    /**
     * Look at who may use the directory.
     */
    private function directory(string $queue): Finding
    {
        $mode = fileperms($queue) & 07777;
        $described = sprintf('%s belongs to %s:%s, mode %04o', $queue, $this->user((int) fileowner($queue)), $this->group((int) filegroup($queue)), $mode);

        if (! is_dir($queue)) {
            return Finding::failed('Queue directory', "[{$queue}] is not a directory", 'Remove it, or set CANYON_QUEUE to another path.');
        }

        return is_writable($queue) && is_executable($queue)
            ? Finding::passed('Queue directory', $described)
            : Finding::failed('Queue directory', "{$described}; this process runs as {$this->me()} and cannot write there", 'Run PHP and the server as the same user, or share the directory through a group: CANYON_QUEUE_GROUP for the server, canyon.queue_group in php.ini.');
    }

    /**
     * Look at how much memory is left for rings and large events.
     */
    private function room(string $queue): Finding
    {
        $free = @disk_free_space($queue);

        if ($free === false) {
            return Finding::skipped('Room for the queue', 'the system does not tell how much is free there');
        }

        $described = sprintf('%d MB of %d MB free', $free >> 20, disk_total_space($queue) >> 20);
        $type = $this->fileSystem($queue);

        return match (true) {
            $free < 4 << 20 => Finding::failed('Room for the queue', $described, 'Every publishing process takes 256 KB, large events more. Enlarge the file system (in Docker: --shm-size), or remove what else is there.'),
            $type !== null && ! in_array($type, ['tmpfs', 'ramfs'], true) => Finding::warning('Room for the queue', "{$described}, but on {$type}", 'A queue is for shared memory: leave CANYON_QUEUE unset, or set it to a directory in /dev/shm or /run.'),
            $free < 16 << 20 => Finding::warning('Room for the queue', $described, 'Every publishing process takes 256 KB, large events more. Enlarge the file system (in Docker: --shm-size).'),
            default => Finding::passed('Room for the queue', $type === null ? $described : "{$described}, on {$type}"),
        };
    }

    /**
     * Get the type of the file system a path is on, where the system tells.
     */
    private function fileSystem(string $path): ?string
    {
        $path = (string) realpath($path);
        $best = ['', null];

        foreach (@file('/proc/self/mounts') ?: [] as $mount) {
            [, $point, $type] = explode(' ', $mount) + ['', '', null];

            if (strlen($point) >= strlen($best[0]) && ($path === $point || str_starts_with($path, rtrim($point, '/').'/'))) {
                $best = [$point, $type];
            }
        }

        return $best[1];
    }

    /**
     * Get the name of a user.
     */
    private function user(int $id): string
    {
        return function_exists('posix_getpwuid') ? (posix_getpwuid($id)['name'] ?? "{$id}") : "{$id}";
    }

    /**
     * Get the name of a group.
     */
    private function group(int $id): string
    {
        return function_exists('posix_getgrgid') ? (posix_getgrgid($id)['name'] ?? "{$id}") : "{$id}";
    }

    /**
     * Get the name of the user of this process.
     */
    private function me(): string
    {
        return function_exists('posix_geteuid') ? $this->user(posix_geteuid()) : get_current_user();
    }
}
