<?php

/**
 * Takes the time of Canyon\Publisher::publish().
 *
 *   publish.php sustained COUNT CHANNELS   as fast as it goes, in batches of 100
 *   publish.php paced COUNT MICROSECONDS   one publish at a time, with a pause (or, under 1 ms, a wait) before each
 *   publish.php first                      the first publish of a process
 *
 * Beside every publish it takes the time of a native call that does nothing, in the same way: the floor.
 */

require __DIR__.'/measure.php';

use Canyon\Publisher;
use Canyon\QueueFull;

const BATCH = 100;

$publisher = new Publisher(setting('CANYON_QUEUE'), setting('CANYON_APP_ID'));

match ($argv[1] ?? '') {
    'sustained' => sustained($publisher, (int) $argv[2], (int) $argv[3]),
    'paced' => paced($publisher, (int) $argv[2], (int) $argv[3]),
    'first' => first($publisher),
    default => throw new InvalidArgumentException('Say what to measure: sustained, paced or first.'),
};

function sustained(Publisher $publisher, int $count, int $channels): void
{
    $names = array_map(static fn (int $number) => "orders.{$number}", range(1, $channels));
    $channel = $channels === 1 ? $names[0] : $names;
    $samples = ['publish' => [], 'no-op' => [], 'loop' => []];
    $full = 0;

    for ($done = 0; $done < $count; $done += BATCH) {
        $payloads = array_map(payload(...), range($done, $done + BATCH - 1));

        try {
            $start = hrtime(true);
            foreach ($payloads as $payload) {
                $publisher->publish($channel, 'OrderShipped', $payload);
            }
            $samples['publish'][] = hrtime(true) - $start;
        } catch (QueueFull) {
            // The server is behind: that batch was not published, so its time says nothing.
            $full++;
            usleep(2000);
        }

        $start = hrtime(true);
        foreach ($payloads as $payload) {
            gc_enabled();
        }
        $samples['no-op'][] = hrtime(true) - $start;

        $start = hrtime(true);
        foreach ($payloads as $payload) {
        }
        $samples['loop'][] = hrtime(true) - $start;
    }

    foreach ($samples as $name => $times) {
        series($name, $times, BATCH);
    }

    series('full', [$full]);
}

/**
 * Takes one sample in each slot, the first thing after the pause: of a publish, of the call that
 * does nothing, or of reading the clock. Every slot publishes once, so that the server always sees
 * the same traffic.
 */
function paced(Publisher $publisher, int $count, int $microseconds): void
{
    $kinds = ['publish', 'no-op', 'publish', 'clock'];
    $samples = array_fill_keys($kinds, []);
    $due = hrtime(true);

    for ($slot = -10; $slot < $count; $slot++) {
        $kind = $kinds[($slot + 20) % count($kinds)];
        $payload = payload($slot);
        $due = max($due + $microseconds * 1000, hrtime(true));
        pause($due, $microseconds);

        try {
            $time = sample($kind, $publisher, $payload);
        } catch (QueueFull) {
            // On a busy machine the server may not run for as long as the queue takes to fill.
            usleep(5000);

            continue;
        }

        // The first ones attach, fault pages in and meet a server that sleeps.
        if ($slot >= 0) {
            $samples[$kind][] = $time;
        }
    }

    foreach ($samples as $name => $times) {
        series($name, $times);
    }
}

/**
 * Takes the time of one call, and publishes in any case.
 */
function sample(string $kind, Publisher $publisher, string $payload): int
{
    if ($kind === 'publish') {
        $start = hrtime(true);
        $publisher->publish('orders', 'OrderShipped', $payload);

        return hrtime(true) - $start;
    }

    if ($kind === 'no-op') {
        $start = hrtime(true);
        gc_enabled();
        $end = hrtime(true);
    } else {
        $start = hrtime(true);
        $end = hrtime(true);
    }

    $publisher->publish('orders', 'OrderShipped', $payload);

    return $end - $start;
}

function pause(int $due, int $microseconds): void
{
    if ($microseconds < 1000) {
        while (hrtime(true) < $due) {
        }

        return;
    }

    $left = $due - hrtime(true);

    if ($left > 0) {
        time_nanosleep(intdiv($left, 1_000_000_000), $left % 1_000_000_000);
    }
}

function first(Publisher $publisher): void
{
    $payload = payload(1);

    foreach (['first publish', 'second publish'] as $name) {
        $start = hrtime(true);
        $publisher->publish('orders', 'OrderShipped', $payload);
        series($name, [hrtime(true) - $start]);
    }
}
