<?php

declare(strict_types=1);

/*
 * Publishes what it is told to, a line for each: SERIES COUNT FROM
 */

require __DIR__.'/series.php';

$publisher = publisher();
echo 'I am '.getmypid()."\n";

while (($line = fgets(STDIN)) !== false) {
    [$series, $count, $from] = explode(' ', trim($line));
    publish_series($publisher, $series, (int) $count, (int) $from);
}
