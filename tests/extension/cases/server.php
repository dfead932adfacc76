<?php

namespace Canyon\Tests;

use Canyon\Exception;
use Canyon\Publisher;
use Canyon\Server;

/**
 * Settings of a server on a free port.
 */
function settings(int $port): array
{
    return [
        'listen' => ["127.0.0.1:{$port}"],
        'queue' => Harness::place(),
        'app' => [['id' => '4242', 'key' => 'test-key', 'secret' => 'test-secret']],
    ];
}

function is_up(int $port): bool
{
    $socket = @stream_socket_client("tcp://127.0.0.1:{$port}", timeout: 5);

    if ($socket === false) {
        return false;
    }

    stream_set_timeout($socket, 10);
    fwrite($socket, "GET /up HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

    return str_contains((string) fgets($socket), '200');
}

test('an event goes from the publisher through the server in the same process to a client', function () {
    $port = free_port();
    $server = new Server(settings($port));
    holds(! is_up($port), 'it runs before it is started');
    $server->start();
    holds(is_up($port), 'it does not run');
    $client = new WebSocket($port, 'test-key');
    $client->subscribe('items');
    $publisher = new Publisher(Harness::place(), '4242');
    for ($i = 0; $i < 100; $i++) {
        $publisher->publish('items', 'ItemUpdated', "{\"number\":{$i}}");
    }
    for ($i = 0; $i < 100; $i++) {
        same(['event' => 'ItemUpdated', 'channel' => 'items', 'data' => "{\"number\":{$i}}"], $client->next());
    }
    $publisher->publish(['items'], 'NotForMe', '{}', $client->socketId);
    $publisher->publish(['items'], 'ForMe', '{}', '1.1');
    same('ForMe', $client->next()['event']);
    $server->stop();
    same(4200, $client->closeCode());
    holds(! is_up($port), 'it still runs');
    same([false, null], [$publisher->status()['server_alive'], $publisher->status()['server_protocol_version']]);
});

test('poll tells what happens on the channels, and null when nothing does', function () {
    $port = free_port();
    $server = new Server(settings($port));
    $server->start();
    same(null, $server->poll(0));
    same(null, $server->poll(1));
    same(null, $server->poll(-5));
    $client = new WebSocket($port, 'test-key');
    $client->subscribe('items');
    $event = $server->poll(30_000);
    same(['channel_occupied', '4242', 'items'], [$event['type'] ?? null, $event['app'] ?? null, $event['channel'] ?? null]);
    holds(abs($event['time_ms'] - microtime(true) * 1000) < 60_000, 'a wrong time: '.$event['time_ms']);
    same(['type', 'app', 'channel', 'time_ms'], array_keys($event));
    unset($client);
    same('channel_vacated', ($server->poll(30_000))['type'] ?? null);
    $server->stop();
});

test('a signal ends a poll at once, and PHP\'s handler runs', function () {
    $port = free_port();
    $script = php('
        pcntl_async_signals(true);
        $run = true;
        pcntl_signal(SIGTERM, function () use (&$run) { $run = false; });
        $server = new Canyon\Server('.var_export(settings($port), true).');
        $server->start();
        echo "started\n";
        while ($run) {
            $server->poll(50000);
            echo "polled\n";
        }
        $server->stop();
        echo "stopped\n";
    ');
    same('started', $script->line());
    usleep(100_000);
    $script->kill(SIGTERM);
    [$status, $output, $errors] = $script->finish();
    same([0, "polled\nstopped\n"], [$status, $output], $errors);
});

test('a signal without a handler ends the process as it always does', function () {
    $script = php('$server = new Canyon\Server('.var_export(settings(free_port()), true).'); $server->start(); echo "started\n"; while (true) { $server->poll(50000); }');
    same('started', $script->line());
    $script->kill(SIGTERM);
    same(128 + SIGTERM, $script->finish()[0]);
});

test('a server can be started, stopped and started again', function () {
    $port = free_port();
    $server = new Server(settings($port));
    thrown(Exception::class, fn () => $server->poll(0));
    $server->stop();
    for ($i = 0; $i < 5; $i++) {
        $server->start();
        contains('running already', thrown(Exception::class, fn () => $server->start())->getMessage());
        holds(is_up($port), 'it does not run');
        $server->stop($i);
        holds(! is_up($port), 'it still runs');
        $server->stop();
    }
    contains('start()', thrown(Exception::class, fn () => $server->poll(0))->getMessage());
});

test('stopping a server ends all its threads, and dropping it stops it', function () {
    $threads = fn () => count(scandir('/proc/self/task')) - 2;
    $before = $threads();
    $server = new Server(settings(free_port()));
    same($before, $threads());
    $server->start();
    holds($threads() > $before, 'it has no threads');
    $server->stop();
    same($before, $threads());
    $server->start();
    unset($server);
    same($before, $threads());
});

test('an address or a queue in use is an exception that says so', function () {
    $port = free_port();
    $one = new Server(settings($port));
    $one->start();
    $two = new Server(['queue' => Harness::place('other')] + settings($port));
    contains((string) $port, thrown(Exception::class, fn () => $two->start())->getMessage());
    $three = new Server(settings(free_port()));
    $message = thrown(Exception::class, fn () => $three->start())->getMessage();
    contains('another server drains', $message);
    contains((string) getmypid(), $message);
    $one->stop();
    $three->start();
    $three->stop();
});

test('settings are checked when they are given, and the exception names the key', function () {
    $refused = fn (array $settings) => thrown(Exception::class, fn () => new Server($settings))->getMessage();
    $good = settings(1);
    contains('no app', $refused([]));
    contains('colour', $refused($good + ['colour' => 'blue']));
    contains('listen', $refused(['listen' => 'not a list'] + $good));
    contains('listen.0', $refused(['listen' => [new \stdClass]] + $good));
    contains('stdClass', $refused(['listen' => [new \stdClass]] + $good));
    contains('app.0.secret', $refused(['app' => [['id' => '1', 'key' => 'k', 'secret' => STDIN]]] + $good));
    contains('UTF-8', $refused(['queue' => "\xff"] + $good));
    $endless = ['id' => '1'];
    $endless['app'] = &$endless;
    contains('deep', $refused($endless));
    $holes = ['x', '127.0.0.1:1'];
    unset($holes[0]);
    contains('listen', $refused(['listen' => $holes] + $good));
    $secret = $refused(['app' => [['id' => '1', 'key' => 'k', 'secret' => 's3cr3t', 'colour' => 1]]] + $good);
    holds(! str_contains($secret, 's3cr3t'), "the message tells the secret: {$secret}");
});

test('settings are taken from references and from maps with numbers as keys', function () {
    $port = free_port();
    $settings = settings($port);
    $reference = &$settings['app'][0]['secret'];
    $listen = &$settings['listen'];
    $server = new Server($settings);
    $server->start();
    holds(is_up($port), 'it does not run');
    $server->stop();
    unset($reference, $listen);
});

test('a forked child has nothing to do with its parent\'s server', function () {
    $port = free_port();
    [$status, $output, $errors] = php('
        $settings = '.var_export(settings($port), true).';
        $server = new Canyon\Server($settings);
        $server->start();
        $child = pcntl_fork();
        if ($child === 0) {
            try { $server->poll(0); echo "polled\n"; } catch (Canyon\Exception $e) { echo $e->getMessage(), "\n"; }
            $server->stop();
            (new Canyon\Publisher($queue, "4242"))->publish("items", "event", "{}");
            unset($server);
            exit(7);
        }
        pcntl_waitpid($child, $status);
        echo pcntl_wexitstatus($status), "\n";
        echo @file_get_contents("http://127.0.0.1:'.$port.'/up") === false ? "down" : "up", "\n";
        $server->stop();
        echo "stopped\n";
    ')->finish();
    same([0, ['the server runs in the parent process, not in this one', '7', 'up', 'stopped', '']], [$status, explode("\n", $output)], $errors);
});

test('however a script ends, its server ends with it', function () {
    $ends = [
        ['', 0],
        ['exit(3);', 3],
        ['throw new LogicException("x");', 255],
        ['no_such_function();', 255],
        ['ini_set("memory_limit", "8M"); $a = ""; while (true) { $a .= str_repeat("x", 100000); }', 255],
        ['$GLOBALS["cycle"] = new ArrayObject; $GLOBALS["cycle"]["self"] = [$GLOBALS["cycle"], $server];', 0],
    ];
    foreach ($ends as [$code, $expected]) {
        $port = free_port();
        $script = php('$server = new Canyon\Server('.var_export(settings($port), true).'); $server->start(); echo "started\n"; fgets(STDIN);'.$code, ['log_errors' => '0']);
        same('started', $script->line());
        $client = new WebSocket($port, 'test-key');
        [$status, , $errors] = $script->finish();
        same($expected, $status, $code.$errors);
        same(4200, $client->closeCode(), $code);
    }
});
