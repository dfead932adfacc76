<?php

declare(strict_types=1);
use Canyon\Publisher;
use Canyon\Server;

/*
 * Hosts the server in this process, as artisan canyon:start does, and does what it is told,
 * a line for each: hosted.php SETTINGS
 */

require __DIR__.'/series.php';

function fork(string $kind, Closure $life): void
{
    if (pcntl_fork() === 0) {
        echo "{$kind}: child ".getmypid()."\n";
        $life();
        exit(0);
    }
}

pcntl_signal(SIGCHLD, SIG_IGN);

$settings = json_decode($argv[1], true);
$server = new Server($settings);
$server->start();
$published = 0;
echo "listening\n";

while (($line = fgets(STDIN)) !== false) {
    switch (trim($line)) {
        case 'publish':
            publish_series(publisher(), 'hosted', 5, $published);
            $published += 5;
            break;
        case 'stop':
            $server->stop();
            echo "stopped\n";
            break;
        case 'start':
            $server->start();
            echo "started\n";
            break;
        case 'run':
            // What a program that PHP starts gets of our descriptors; the first three are its own.
            echo 'open: '.trim(shell_exec('for fd in $(ls /proc/self/fd); do [ "$fd" -lt 3 ] || readlink "/proc/self/fd/$fd"; done'))."\n";
            echo "ran\n";
            break;
        case 'idle':
            fork('idle', fn () => sleep(120));
            break;
        case 'publisher':
            fork('publisher', fn () => publish_series(publisher(), 'child '.getmypid(), 20));
            break;
        case 'host':
            fork('host', function () use ($settings) {
                $own = new Server([
                    'listen' => ["unix:{$settings['queue']}/../child.sock"],
                    'queue' => "{$settings['queue']}-of-the-child",
                ] + $settings);
                $own->start();
                publish_series(new Publisher("{$settings['queue']}-of-the-child", getenv('APP')), 'own', 3);
                $own->stop();
                echo "the child's server ran and stopped\n";
            });
    }
}
