<?php

/**
 * Publishes numbered events as fast as it goes, in batches, and takes the time of each batch.
 *
 *   load.php PUBLISHER COUNT BYTES START    begins when the file START is there
 */

require __DIR__.'/measure.php';

use Canyon\Publisher;
use Canyon\QueueFull;

const BATCH = 100;

[, $number, $count, $bytes, $start] = $argv;

$publisher = new Publisher(setting('CANYON_QUEUE'), setting('CANYON_APP_ID'));
$publisher->publish('orders', 'OrderShipped', numbered($number, 0, (int) $bytes));

while (! file_exists($start)) {
    usleep(1000);
    clearstatcache();
}

$samples = [];

for ($next = 1; $next <= (int) $count; $next += BATCH) {
    $payloads = [];
    for ($offset = 0; $offset < BATCH; $offset++) {
        $payloads[] = numbered($number, $next + $offset, (int) $bytes);
    }

    $done = 0;

    try {
        $begin = hrtime(true);
        foreach ($payloads as $payload) {
            $publisher->publish('orders', 'OrderShipped', $payload);
            $done++;
        }
        $end = hrtime(true);
    } catch (QueueFull) {
        insist($publisher, array_slice($payloads, $done));

        continue;
    }

    $empty = 0;
    $loop = hrtime(true);
    foreach ($payloads as $payload) {
        $empty++;
    }
    $samples[] = max(0, $end - $begin - (hrtime(true) - $loop));
}

series('publish', $samples, BATCH);

/**
 * Get an event's data of $bytes bytes, with its number at both ends.
 */
function numbered(string $publisher, int $number, int $bytes): string
{
    $head = "{$publisher}:{$number}:";
    $tail = ":{$number}";

    return $head.str_repeat('x', max(0, $bytes - strlen($head) - strlen($tail))).$tail;
}

/**
 * Publish what found no room, as soon as there is some.
 *
 * @param  list<string>  $payloads
 */
function insist(Publisher $publisher, array $payloads): void
{
    foreach ($payloads as $payload) {
        while (true) {
            try {
                $publisher->publish('orders', 'OrderShipped', $payload);

                break;
            } catch (QueueFull) {
                usleep(200);
            }
        }
    }
}
