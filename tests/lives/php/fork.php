<?php

declare(strict_types=1);

/*
 * Forks in one of several ways: fork.php WAY. Every process of the tree publishes a series
 * of its own; when they all did it prints `done` and what became of its children.
 */

require __DIR__.'/series.php';

/**
 * Run $life in a child, which ends with exit() unless it ends itself.
 */
function child(Closure $life): int
{
    $pid = pcntl_fork();

    if ($pid === 0) {
        $life();
        exit(0);
    }

    return $pid;
}

/**
 * How a child ended: its exit code, or the signal.
 */
function outcome(int $pid): string
{
    pcntl_waitpid($pid, $status);

    return pcntl_wifsignaled($status) ? 'signal '.pcntl_wtermsig($status) : 'code '.pcntl_wexitstatus($status);
}

function kill_myself(): void
{
    posix_kill(posix_getpid(), SIGKILL);
}

/**
 * Wait for the test. Not at the standard input: that closes when the first process of the tree ends.
 */
function wait_for_go(): void
{
    while (! file_exists(__DIR__.'/go')) {
        usleep(5000);
        clearstatcache();
    }
}

$publisher = publisher();
$publish = fn (string $series, int $count = 50, int $from = 0) => publish_series($publisher, $series, $count, $from);

$ways = [
    'before the first publish' => function () use ($publish) {
        $children = array_map(fn ($i) => child(fn () => $publish("child {$i}")), range(0, 3));
        $publish('parent');

        return $children;
    },
    'after the first publish' => function () use ($publish) {
        $publish('parent', 10);
        $children = array_map(fn ($i) => child(fn () => $publish("child {$i}")), range(0, 3));
        $publish('parent', 40, from: 10);

        return $children;
    },
    'grandchildren' => function () use ($publish) {
        $publish('parent', 10);
        $child = child(function () use ($publish) {
            $publish('child');
            $grandchild = child(function () use ($publish) {
                $silent = child(fn () => outcome(child(fn () => $publish('great-great-grandchild'))));
                $publish('grandchild');
                outcome($silent);
            });
            $publish('child', 50, from: 50);
            exit((int) (outcome($grandchild) !== 'code 0'));
        });
        $publish('parent', 40, from: 10);

        return [$child];
    },
    'children that end in every way' => function () use ($publish) {
        $publish('parent', 10);
        $children = [
            child(fn () => exit(3)),
            child(fn () => kill_myself()),
            child(fn () => no_such_function()),
            child(function () use ($publish) {
                $publish('exits');
                exit(4);
            }),
            child(function () use ($publish) {
                $publish('is killed');
                kill_myself();
            }),
            child(function () use ($publish) {
                $publish('fails');
                no_such_function();
            }),
            child(function () use ($publish) {
                $publish('becomes another program');
                pcntl_exec('/bin/sh', ['-c', 'exit 5']);
            }),
        ];
        $publish('parent', 40, from: 10);

        return $children;
    },
    'a parent that ends first' => function () use ($publish) {
        $publish('parent', 10);
        child(function () use ($publish) {
            $publish('child', 10);
            echo "child\n";
            wait_for_go();
            $publish('child', 40, from: 10);
        });

        return [];
    },
    'a parent that is killed' => function () use ($publish) {
        $publish('parent', 10);
        child(function () use ($publish) {
            echo "child\n";
            wait_for_go();
            $publish('child');
        });
        wait_for_go();
        kill_myself();
    },
    'one after the other' => function () use ($publish) {
        for ($i = 0; $i < 40; $i++) {
            $publish('parent', 1, $i);
            outcome(child(fn () => $publish('children', 1, $i)));
        }

        return [];
    },
    'a tree that publishes all at once' => function () use ($publish) {
        $grow = function (string $name, int $depth) use (&$grow, $publish) {
            $publish($name, 10);
            $children = $depth === 0 ? [] : array_map(fn ($i) => child(fn () => $grow("{$name}.{$i}", $depth - 1)), [0, 1]);
            $publish($name, 40, from: 10);
            array_map(outcome(...), $children);
        };
        $grow('tree', 3);

        return [];
    },
];

$children = $ways[$argv[1]]();
// In one piece: a child may write at the same time.
echo 'done: '.implode(', ', array_map(outcome(...), $children))."\n";
