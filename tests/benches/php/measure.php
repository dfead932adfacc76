<?php

/**
 * What the scripts of the benchmark share: payloads, samples, and the line of JSON that they print.
 */

/**
 * Get an event's data of about 300 bytes that no earlier event had: PHP remembers of a string
 * it has seen that it is valid UTF-8, and a real event is always new.
 */
function payload(int $number): string
{
    return '{"order":'.$number.',"customer":"Ada Lovelace","pad":"'.str_repeat('x', 242).'"}';
}

/**
 * Print a series of samples: nanoseconds for $per calls each.
 *
 * @param  list<int>  $samples
 */
function series(string $name, array $samples, int $per = 1): void
{
    echo json_encode(['series' => $name, 'per' => $per, 'ns' => $samples], JSON_THROW_ON_ERROR), "\n";
}

function setting(string $name): string
{
    return getenv($name) ?: throw new RuntimeException("{$name} is not set; this script is run by tests/bench.");
}
