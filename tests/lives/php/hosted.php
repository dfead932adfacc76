<?php

declare(strict_types=1);

/*
 * Hosts the server in this process, as artisan canyon:start does, and forks a child when it
 * is told to: hosted.php SETTINGS
 */

require __DIR__.'/series.php';

$settings = json_decode($argv[1], true);
$server = new Canyon\Server($settings);
$server->start();
echo "listening\n";

while (($line = fgets(STDIN)) !== false) {
    switch (trim($line)) {
        case 'fork':
            if (pcntl_fork() === 0) {
                // A child that knows nothing of the server and outlives it.
                echo 'child '.getmypid()."\n";
                sleep(120);
                exit(0);
            }
            break;
        case 'publish':
            publish_series(publisher(), 'hosted', 5);
            break;
        case 'stop':
            $server->stop();
            echo "stopped\n";
            break;
        case 'start':
            $server->start();
            echo "started\n";
            break;
    }
}
