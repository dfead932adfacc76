<?php

/**
 * The extension as PHP code sees it.
 *
 *   CANYON_EXTENSION=/path/to/libcanyon.so $PHP84 tests/extension/run.php [part of a test's name]
 *
 * The last line is `N passed, N failed`.
 */

namespace Canyon\Tests;

error_reporting(E_ALL);
ini_set('display_errors', 'stderr');

require __DIR__.'/harness.php';
require __DIR__.'/websocket.php';

if (! extension_loaded('canyon')) {
    fwrite(STDERR, "The extension is not loaded: run this with CANYON_EXTENSION=/path/to/libcanyon.so, by way of the PHPs of tests/setup/env.sh.\n");
    echo "0 passed, 1 failed\n";
    exit(1);
}

foreach (glob(__DIR__.'/cases/*.php') as $file) {
    require $file;
}

exit(Harness::run($argv[1] ?? ''));
