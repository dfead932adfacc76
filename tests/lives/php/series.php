<?php

declare(strict_types=1);
use Canyon\Publisher;
use Canyon\QueueFull;

/**
 * One event of a series: the client's ledger knows what should come.
 *
 * @return array<string, mixed>
 */
function series_event(string $series, int $number, string $lane = ''): array
{
    return [
        'series' => $series,
        'number' => $number,
        // The place tells processes apart that have the same id in different PID namespaces.
        'process' => getmypid().'@'.(getenv('PLACE') ?: 'host'),
        'lane' => $lane,
        'clock' => (string) hrtime(true),
        'filler' => str_repeat('x', (strlen($series) * 31 + $number * 7) % 400),
    ];
}

/**
 * Publish numbers $from, $from + 1 ... of a series.
 */
function publish_series(Publisher $publisher, string $series, int $count, int $from = 0, string $lane = ''): int
{
    $retries = 0;

    for ($number = $from; $number < $from + $count; $number++) {
        $data = json_encode(series_event($series, $number, $lane), JSON_THROW_ON_ERROR);

        // A full ring is an answer and not a wait. On a busy machine the server may not get
        // the processor for a while, and this test is about losing nothing, so it tries again.
        for ($deadline = hrtime(true) + 20_000_000_000; ; $retries++) {
            try {
                $publisher->publish('lives', 'lived', $data);
                break;
            } catch (QueueFull $full) {
                if (hrtime(true) > $deadline) {
                    throw $full;
                }

                usleep(1000);
            }
        }
    }

    return $retries;
}

/**
 * The publisher of the queue that the environment names.
 */
function publisher(): Publisher
{
    return new Publisher(getenv('QUEUE'), getenv('APP'));
}
