<?php

declare(strict_types=1);

/*
 * Publishes a series and ends in one of the ways in which PHP ends: end.php WAY SERIES
 */

use Canyon\Publisher;

require __DIR__.'/series.php';

final class LastWords
{
    public mixed $cycle = null;

    public function __construct(private readonly Closure $lastWords) {}

    public function __destruct()
    {
        ($this->lastWords)();
    }
}

[, $way, $series] = $argv;
$publisher = publisher();
publish_series($publisher, $series, 5);
$lastWords = fn () => publish_series($publisher, $series, 2, from: 5);

$ways = [
    'the end of the script' => fn () => null,
    'exit() in a function' => fn () => (fn () => exit(7))(),
    'an uncaught exception' => fn () => throw new LogicException('on purpose'),
    'a refused publish' => fn () => $publisher->publish('a bad name', 'lived', '{}'),
    'a fatal error' => fn () => no_such_function(),
    'the memory limit while it makes a payload' => function () use ($publisher) {
        ini_set('memory_limit', '16M');

        for ($filler = 'x'; ; $filler .= $filler) {
            $publisher->status();
            json_encode(['filler' => $filler]);
        }
    },
    'the memory limit in a shutdown function' => function () {
        register_shutdown_function(function () {
            ini_set('memory_limit', '16M');
            str_repeat('x', 64 << 20);
        });
    },
    'the time limit' => function () {
        set_time_limit(1);

        while (true) {
        }
    },
    'a shutdown function that publishes' => function () use ($lastWords) {
        register_shutdown_function($lastWords);
        exit(7);
    },
    'a shutdown function that publishes after a fatal error' => function () use ($lastWords) {
        register_shutdown_function($lastWords);
        no_such_function();
    },
    'a destructor that publishes' => fn () => $GLOBALS['last words'] = new LastWords($lastWords),
    'a destructor in a cycle that publishes' => function () use ($lastWords, $publisher) {
        $words = new LastWords($lastWords);
        $words->cycle = [$words, $publisher];
    },
    'an output buffer that publishes' => function () use ($lastWords) {
        ob_start(function (string $text) use ($lastWords) {
            $lastWords();

            return $text;
        });
        echo 'text';
    },
    'a second queue path in a shutdown function' => function () use ($series) {
        register_shutdown_function(fn () => publish_series(new Publisher(getenv('QUEUE').'/../queue', getenv('APP')), $series, 2, from: 5));
    },
    'a fiber that is suspended' => function () use ($lastWords) {
        $GLOBALS['fiber'] = new Fiber(function () use ($lastWords) {
            try {
                Fiber::suspend();
            } finally {
                $lastWords();
            }
        });
        $GLOBALS['fiber']->start();
    },
    'a generator that is not at its end' => function () use ($lastWords) {
        $GLOBALS['generator'] = (function () use ($lastWords) {
            try {
                yield 1;
            } finally {
                $lastWords();
            }
        })();
        $GLOBALS['generator']->current();
    },
    'a signal' => function () {
        echo "ready\n";
        sleep(120);
    },
    'a signal that has a handler' => function () use ($lastWords) {
        pcntl_async_signals(true);
        pcntl_signal(SIGTERM, function () use ($lastWords) {
            $lastWords();
            exit(7);
        });
        echo "ready\n";

        // Not one long sleep: PHP does not wake from one that begins just after the signal.
        for ($until = time() + 120; time() < $until;) {
            usleep(1000);
        }
    },
    'a signal in the middle of publishing' => function () use ($publisher, $series) {
        for ($from = 5; ; $from += 20) {
            publish_series($publisher, $series, 20, $from);
            echo $from === 5 ? "ready\n" : '';
            usleep(200);
        }
    },
    'another program in its place' => fn () => pcntl_exec('/bin/sh', ['-c', 'echo ready; read line; exit 7']),
    'a closed standard output' => function () {
        fclose(STDOUT);
        fclose(STDERR);
        exit(7);
    },
];

$ways[$way]();
