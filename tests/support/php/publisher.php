<?php

declare(strict_types=1);

/*
 * Publishes numbered events through the extension, as web requests and queue workers do: in bursts,
 * now and then on two channels at once, until its time is over or its input ends.
 *
 *   publisher.php QUEUE APP SOURCE COUNTS CHANNELS RATE SECONDS SEED
 *
 * SOURCE stands in every event. COUNTS is a file in which 8 bytes for each channel say how many
 * publishes have begun; CHANNELS is a file with the names of the channels, one a line.
 */

use Canyon\Publisher;
use Canyon\QueueFull;

[, $queue, $app, $source, $counts, $names, $rate, $seconds, $seed] = $argv;

mt_srand((int) $seed);
stream_set_blocking(STDIN, false);

$publisher = new Publisher($queue, $app);
$channels = file($names, FILE_IGNORE_NEW_LINES) ?: throw new RuntimeException("There are no channels in {$names}.");
$begun = array_fill(0, count($channels), 0);
$file = fopen($counts, 'r+b');
stream_set_write_buffer($file, 0);

/**
 * Count a publish on a channel that begins; its number.
 */
$begin = function (int $channel) use (&$begun, $file): int {
    fseek($file, 8 * $channel);
    fwrite($file, pack('P', $begun[$channel] + 1)) === 8 || throw new RuntimeException('The counts cannot be written.');

    return $begun[$channel]++;
};

/**
 * Publish, however long the queue is full.
 */
$publish = function (array $chosen) use ($publisher, $channels, $begin, $source): void {
    $numbers = array_map(fn (int $channel): string => "{$channel}:{$begin($channel)}", $chosen);
    $data = implode(' ', [$source, ...$numbers, str_repeat('x', mt_rand(20, 400))]);

    while (true) {
        try {
            $publisher->publish(array_map(fn (int $channel): string => $channels[$channel], $chosen), 'numbered', $data);

            return;
        } catch (QueueFull) {
            usleep(2_000);
        }
    }
};

$start = hrtime(true);
$published = 0;

while (hrtime(true) - $start < $seconds * 1e9) {
    fread(STDIN, 1);

    if (feof(STDIN)) {
        break;
    }

    for ($due = (hrtime(true) - $start) / 1e9 * $rate; $published < $due; $published++) {
        $channel = mt_rand(0, count($channels) - 1);
        $publish(mt_rand(0, 9) > 0 ? [$channel] : [$channel, ($channel + 1) % count($channels)]);
    }

    usleep(mt_rand(1_000, 40_000));
}
