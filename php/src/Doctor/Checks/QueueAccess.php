<?php

namespace Canyon\Doctor\Checks;

use Canyon\Doctor\Finding;
use Canyon\Doctor\FpmUsers;

/**
 * Whether web requests may use the queue directory too: they often run as another user than commands and the server.
 */
final class QueueAccess
{
    /**
     * Create a new instance.
     */
    public function __construct(private readonly FpmUsers $users = new FpmUsers)
    {
        //
    }

    /**
     * Find out whether a user of PHP-FPM may write to the directory.
     */
    public function finding(string $queue): Finding
    {
        $subject = 'Queue directory for PHP-FPM';

        if (! function_exists('posix_getpwuid')) {
            return Finding::skipped($subject, 'PHP\'s posix extension, which knows users and groups, is not loaded');
        }

        if (($users = $this->users->ids()) === []) {
            return Finding::skipped($subject, 'no PHP-FPM runs where this process can see it');
        }

        $names = static fn (array $users) => implode(', ', array_map(static fn (int $user) => posix_getpwuid($user)['name'] ?? "{$user}", $users));
        $allowed = array_filter($users, fn (int $user) => $this->mayWrite($user, $queue));

        // The pools of other applications are none of our business, and cannot be told from our own.
        return $allowed !== []
            ? Finding::passed($subject, "[{$names($allowed)}] of its users [{$names($users)}] may write there")
            : Finding::warning(
                $subject,
                "none of its users [{$names($users)}] may write there: if this application is served by it, web requests cannot broadcast",
                'Run the server as the same user, or share the directory through a group both are in: CANYON_QUEUE_GROUP for the server, canyon.queue_group in the php.ini of PHP-FPM. Remove the directory then, and start the server anew.',
            );
    }

    /**
     * Determine if the mode of the directory lets a user make files in it.
     */
    private function mayWrite(int $user, string $queue): bool
    {
        $mode = (int) fileperms($queue);

        return match (true) {
            $user === 0 => true,
            $user === fileowner($queue) => ($mode & 0300) === 0300,
            $this->isIn($user, (int) filegroup($queue)) => ($mode & 0030) === 0030,
            default => ($mode & 0003) === 0003,
        };
    }

    /**
     * Determine if a user is in a group.
     */
    private function isIn(int $user, int $group): bool
    {
        $account = posix_getpwuid($user);

        return $account !== false
            && ($account['gid'] === $group || in_array($account['name'], posix_getgrgid($group)['members'] ?? [], true));
    }
}
