<?php

use Canyon\Publisher;

/**
 * Publishes events that carry when they were published and which one each is.
 *
 *   stamped.php CHANNEL COUNT MICROSECONDS    COUNT events, with a pause before each
 */

require __DIR__.'/measure.php';

$publisher = new Publisher(setting('CANYON_QUEUE'), setting('CANYON_APP_ID'));
[, $channel, $count, $microseconds] = $argv;

// The form that stamp.rs looks for.
$pad = str_repeat('x', 240);

for ($number = 0; $number < (int) $count; $number++) {
    usleep((int) $microseconds);
    $publisher->publish($channel, 'OrderShipped', sprintf('{"stamp":"~%020d~%010d~","pad":"%s"}', hrtime(true), $number, $pad));
}
