<?php

declare(strict_types=1);
use Canyon\Publisher;

/*
 * One request: publishes a series, as a controller of an application without a framework
 * would, and answers with what it published. What is asked of it stands in the query.
 */

require_once __DIR__.'/series.php';

parse_str($_SERVER['QUERY_STRING'] ?? '', $asked);
$series = $asked['series'];
$count = (int) ($asked['count'] ?? 1);

$publisher = new Publisher($asked['queue'], $asked['app']);
$retries = publish_series($publisher, $series, $count, lane: $asked['lane'] ?? '');

switch ($asked['then'] ?? 'answer') {
    case 'hang':
        file_put_contents($asked['notes'], "{$count}\n");
        sleep(120);
        break;
    case 'go on for ever':
        // What was published before it is noted was published, however the process ends.
        for ($from = $count; ; $from += 20) {
            publish_series($publisher, $series, 20, $from);
            file_put_contents($asked['notes'], ($from + 20)."\n", FILE_APPEND);
            // Not faster than the client can read.
            usleep(2000);
        }
    case 'answer':
        header('Content-Type: application/json');
        echo json_encode(['pid' => getmypid(), 'published' => $count, 'retries' => $retries], JSON_THROW_ON_ERROR);
}
