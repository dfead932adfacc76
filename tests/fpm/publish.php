<?php

declare(strict_types=1);

/*
 * One request of the churn test: publishes numbered events, as a controller of an
 * application without a framework would, and answers with what it published.
 */

$lane = (int) $_SERVER['CHURN_LANE'];
$request = (int) $_SERVER['CHURN_REQUEST'];
$events = (int) $_SERVER['CHURN_EVENTS'];

$publisher = new Canyon\Publisher($_SERVER['CHURN_QUEUE'], $_SERVER['CHURN_APP']);
$pid = getmypid();
$retries = 0;

for ($number = 0; $number < $events; $number++) {
    $data = json_encode([
        'pid' => $pid,
        'lane' => $lane,
        'request' => $request,
        'number' => $number,
        'clock' => (string) hrtime(true),
        'filler' => str_repeat('x', ($request * 31 + $number * 7) % 400),
    ], JSON_THROW_ON_ERROR);

    // A full ring is an answer and not a wait. On a busy machine the server may not get
    // the processor for a while, and this test is about losing nothing, so it tries again.
    for ($deadline = hrtime(true) + 20_000_000_000; ; $retries++) {
        try {
            $publisher->publish('churn', 'churned', $data);
            break;
        } catch (Canyon\QueueFull $full) {
            if (hrtime(true) > $deadline) {
                throw $full;
            }
            usleep(1000);
        }
    }
}

header('Content-Type: application/json');
echo json_encode(['pid' => $pid, 'published' => $events, 'retries' => $retries], JSON_THROW_ON_ERROR);
