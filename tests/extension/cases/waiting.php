<?php

namespace Canyon\Tests;

/**
 * Run PHP code in a process that is killed as soon as it waits for anything. So nothing is measured, and nothing missed.
 */
function php_without_waiting(string $code): Process
{
    return php('require '.var_export(dirname(__DIR__).'/forbid-waiting.php', true).';'.$code, ['ffi.enable' => '1']);
}

const PUBLISH_UNTIL_FULL = '
    $publisher = new Canyon\Publisher($queue, "1");
    $publisher->publish("channel", "event", str_repeat("x", 500_000));
    $full = 0;
    for ($i = 0; $i < 2000; $i++) {
        try {
            $publisher->publish(["channel", "other"], "event", str_repeat("x", 1000), "1.2");
        } catch (Canyon\QueueFull) {
            $full++;
        }
    }
    holds($publisher->status()["refused_events"] === $full);
    echo $full > 1000 ? "full" : "{$full} of {$i}";
    function holds(bool $so) { $so || exit("the counter is wrong"); }
';

test('the filter kills whoever waits, so that the tests of waiting can fail', function () {
    $waits = [
        'usleep(1);',
        '$read = [STDIN]; $write = $except = null; stream_select($read, $write, $except, 0, 1);',
        'flock(fopen("/proc/self/exe", "r"), LOCK_SH);',
        'pcntl_waitpid(-1, $status);',
        '$c = FFI::cdef("long syscall(long number, ...);"); $word = $c->new("int");
            $c->syscall(php_uname("m") === "x86_64" ? 202 : 98, FFI::addr($word), 0, 1, null);',
    ];

    foreach ($waits as $code) {
        [$status, $output] = php_without_waiting($code.' echo "survived";')->finish();
        same([128 + 31, ''], [$status, $output], $code);
    }

    $nonBlocking = php_without_waiting('flock(fopen("/proc/self/exe", "r"), LOCK_SH | LOCK_NB); echo "survived";');
    same([0, 'survived'], array_slice($nonBlocking->finish(), 0, 2));
});

test('without a server no publish waits, not even for a full queue', function () {
    [$status, $output, $errors] = php_without_waiting(PUBLISH_UNTIL_FULL)->finish();
    same([0, 'full'], [$status, $output], $errors);
});

test('no publish waits for a paused server', function () {
    $drain = new Process([Harness::consumer(), 'queue='.Harness::place()]);
    same('ready', $drain->line());
    $drain->kill(SIGSTOP);
    [$status, $output, $errors] = php_without_waiting(PUBLISH_UNTIL_FULL)->finish();
    $drain->kill(SIGCONT);
    same([0, 'full'], [$status, $output], $errors);
});

test('no publish waits for a server at work', function () {
    $consumer = new Consumer(Harness::place());
    [$status, $output, $errors] = php_without_waiting('
        $publisher = new Canyon\Publisher($queue, "1");
        for ($i = 0; $i < 100; $i++) {
            $publisher->publish("channel", "event", "{$i}");
        }
        echo "published";
    ')->finish();
    same([0, 'published'], [$status, $output], $errors);
    same(array_map(strval(...), range(0, 99)), array_column($consumer->rest(), 'data'));
});
