<?php

declare(strict_types=1);
use Canyon\Exception;

/*
 * Publishes a series on the command line: publish.php SERIES COUNT [UID:GID]
 *
 * As another user, if one is named; root's PHP may lie where that user could not start it.
 */

require __DIR__.'/series.php';

if (isset($argv[3])) {
    [$uid, $gid] = array_map('intval', explode(':', $argv[3]));

    if (! posix_setgid($gid) || ! posix_initgroups((string) $uid, $gid) || ! posix_setuid($uid)) {
        throw new RuntimeException("Cannot become {$argv[3]}.");
    }
}

try {
    publish_series(publisher(), $argv[1], (int) $argv[2]);
} catch (Exception $refused) {
    echo 'refused: ', $refused->getMessage(), "\n";
    exit(3);
}
