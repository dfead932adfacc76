<?php

declare(strict_types=1);

/*
 * One publisher of the soak: publishes numbered messages in bursts until it has published
 * its share, is told to stop (the end of its input), or is killed.
 *
 *   publisher.php PLACE ID LANE MESSAGES SEED FORKED
 *
 * After its first message it forks, unless FORKED is "none": the child is publisher ID + 1 in
 * lane LANE + 1 and publishes FORKED messages through the object it inherited.
 */

namespace Canyon\Soak;

use Canyon\Publisher;
use Canyon\QueueFull;

require __DIR__.'/Journal.php';
require __DIR__.'/Peers.php';
require __DIR__.'/Message.php';

[, $place, , , , , $forked] = $argv;
[$id, $lane, $messages, $seed] = array_map(intval(...), array_slice($argv, 2, 4));

mt_srand($seed);
stream_set_blocking(STDIN, false);

$publisher = new Publisher("{$place}/queue", 'soak');
$journal = new Journal($place, $id, $lane);
$peers = new Peers($place, $lane);
$seq = 0;

/**
 * Whether the soak is over, or has died.
 */
function is_over(): bool
{
    fread(STDIN, 1);

    return feof(STDIN);
}

/**
 * Publish a message, however often that takes; false if it is given up because the soak is over.
 */
function publish(Publisher $publisher, Journal $journal, string $text): bool
{
    for ($refusals = 0; ; $refusals++) {
        try {
            $publisher->publish('soak', 'soaked', $text);
            $journal->returned($refusals);

            return true;
        } catch (QueueFull) {
            if ($refusals % 64 === 63 && is_over()) {
                return false;
            }

            usleep(mt_rand(100, 1000));
        }
    }
}

if ($messages > 0) {
    publish($publisher, $journal, Message::text($id, $seq++, ...$peers->glance())) || exit;
}

if ($forked !== 'none') {
    $child = pcntl_fork();
    $child >= 0 || throw new \RuntimeException(pcntl_strerror(pcntl_get_last_error()));

    if ($child === 0) {
        // What the parent published before it forked comes before whatever the child publishes.
        $cause = [$id, $seq];
        [$id, $lane, $messages, $seq] = [$id + 1, $lane + 1, (int) $forked, 0];
        mt_srand($seed + 1);
        $journal = new Journal($place, $id, $lane);
        $peers = new Peers($place, $lane);

        if ($messages > 0) {
            publish($publisher, $journal, Message::text($id, $seq++, ...$cause)) || exit;
        }
    }
}

while ($seq < $messages && ! is_over()) {
    for ($burst = min(mt_rand(1, 80), $messages - $seq); $burst > 0; $burst--) {
        publish($publisher, $journal, Message::text($id, $seq++, ...$peers->glance())) || exit;
    }

    // Sometimes long enough for the other side to fall asleep.
    do {
        usleep(mt_rand(0, 9) === 0 ? mt_rand(5_000, 60_000) : mt_rand(0, 6_000));
        clearstatcache();
    } while (file_exists("{$place}/hold") && ! is_over());
}
