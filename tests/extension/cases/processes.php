<?php

namespace Canyon\Tests;

use Canyon\Publisher;

const PUBLISH = '$publisher = new Canyon\Publisher($queue, "1"); $publisher->publish("channel", "event", "first");';

test('however a script ends, what it published stays and its ring does not', function () {
    $ends = [
        'the end of the script' => ['', 0],
        'exit()' => ['exit(3);', 3],
        'exit() in a function' => ['(function () { exit(4); })();', 4],
        'an uncaught exception' => ['throw new LogicException("x");', 255],
        'an uncaught exception of ours' => ['$publisher->publish("bad name", "event", "{}");', 255],
        'a fatal error' => ['no_such_function();', 255],
        'the memory limit' => ['ini_set("memory_limit", "8M"); $a = ""; while (true) { $a .= str_repeat("x", 100000); }', 255],
        'the time limit' => ['set_time_limit(1); while (true) { }', 255],
        'a publisher that is still referenced' => ['class A { public $x; } $a = new A; $a->x = [$a, $publisher];', 0],
        'a publisher in a destructor' => ['class D { public $p; function __destruct() { $this->p->publish("channel", "event", "last"); } } $d = new D; $d->p = $publisher;', 0],
        'a publisher in a shutdown function' => ['register_shutdown_function(fn () => $publisher->publish("channel", "event", "last"));', 0],
    ];

    foreach ($ends as $name => [$code, $status]) {
        $consumer = new Consumer(Harness::place());
        [$actual, $output, $errors] = php(PUBLISH.$code, ['display_errors' => 'stderr', 'log_errors' => '0'])->finish();
        same($status, $actual, "{$name}: {$output}{$errors}");
        $events = array_column($consumer->rest(), 'data');
        same(str_contains($code, '"last"') ? ['first', 'last'] : ['first'], $events, $name);
        same([], left_behind(), $name);
    }
});

test('a killed script leaves nothing that the server does not clear away', function () {
    $consumer = new Consumer(Harness::place());
    $script = php(PUBLISH.'echo "published\n"; sleep(60);');
    same('published', $script->line());
    $script->kill(SIGKILL);
    same(['first'], array_column($consumer->rest(), 'data'));
    same([], left_behind());
});

test('scripts without a server leave one ring, and none if they published nothing', function () {
    for ($i = 0; $i < 5; $i++) {
        same(0, php(PUBLISH)->finish()[0]);
    }
    same(1, count(left_behind()));
    same(5, count((new Consumer(Harness::place()))->rest()));
    same(0, php('(new Canyon\Publisher($queue, "1"))->status();')->finish()[0]);
    same([], left_behind());
});

test('parent and forked children publish at once, and a child that only ends takes nothing with it', function () {
    $consumer = new Consumer(Harness::place());
    [$status, $output, $errors] = php(PUBLISH.'
        $children = [];
        for ($i = 0; $i < 4; $i++) {
            $child = pcntl_fork();
            if ($child === 0) {
                for ($n = 0; $n < 200; $n++) {
                    $publisher->publish("channel", "child-$i", (string) $n);
                }
                exit(0);
            }
            $children[] = $child;
        }
        if (($idle = pcntl_fork()) === 0) {
            exit(0);
        }
        for ($n = 0; $n < 200; $n++) {
            $publisher->publish("channel", "parent", (string) $n);
        }
        foreach ([$idle, ...$children] as $child) {
            pcntl_waitpid($child, $status);
            echo $status, "\n";
        }
    ')->finish();
    same([0, str_repeat("0\n", 5)], [$status, $output], $errors);
    $events = $consumer->rest();
    $by = [];
    foreach ($events as $event) {
        $by[$event['event']][] = $event['data'];
    }
    $all = array_map('strval', range(0, 199));
    ksort($by);
    same(['child-0', 'child-1', 'child-2', 'child-3', 'event', 'parent'], array_keys($by));
    unset($by['event']);
    foreach ($by as $name => $data) {
        same($all, $data, $name);
    }
    same([], left_behind());
});

test('an idle child does not keep the ring of its killed parent', function () {
    $consumer = new Consumer(Harness::place());
    $parent = php(PUBLISH.'
        $child = pcntl_fork();
        if ($child === 0) { sleep(60); exit; }
        echo $child, "\n";
        sleep(60);
    ');
    $child = (int) $parent->line();
    same('first', $consumer->next()['data']);
    same(1, count(left_behind()));
    $parent->kill(SIGKILL);
    until('the ring is gone', fn () => left_behind() === []);
    holds(posix_kill($child, 0), 'the child is gone too');
    posix_kill($child, SIGKILL);
});

test('a publisher starts no thread and opens few files', function () {
    [$status, $output] = php('
        $publisher = new Canyon\Publisher($queue, "1");
        $files = count(scandir("/proc/self/fd"));
        for ($i = 0; $i < 100; $i++) {
            $publisher->publish("channel", "event", "{}");
            (new Canyon\Publisher($queue, "$i"))->publish("channel", "event", "{}");
        }
        $publisher->status();
        echo count(scandir("/proc/self/task")) - 2, " ", count(scandir("/proc/self/fd")) - $files;
    ')->finish();
    same([0, '1 2'], [$status, $output]);
});

test('publishing takes no memory from PHP', function () {
    $publisher = new Publisher(Harness::place(), '1');
    $drain = new Consumer(Harness::place());
    $channels = ['a', 'b'];
    $publisher->publish($channels, 'event', '{}');
    $before = memory_get_usage();
    for ($i = 0; $i < 100; $i++) {
        $publisher->publish($channels, 'event', '{}');
    }
    same($before, memory_get_usage());
    unset($drain);
});

test('the process that unloads the extension ends well, also after many publishers', function () {
    for ($i = 0; $i < 10; $i++) {
        same(0, php('for ($i = 0; $i < 50; $i++) { (new Canyon\Publisher($queue."-$i", "1"))->publish("a", "b", "c"); }')->finish()[0]);
    }
});
