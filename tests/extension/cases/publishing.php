<?php

namespace Canyon\Tests;

use Canyon\Exception;
use Canyon\Publisher;
use Canyon\QueueFull;

test('what is published arrives byte for byte', function () {
    $consumer = new Consumer(Harness::place());
    $publisher = new Publisher(Harness::place(), 'app 7');
    $data = json_encode(['name' => 'Bücher', 'emoji' => '🏞', 'nested' => ['a' => [1, 2.5, null, true]]], JSON_UNESCAPED_UNICODE);
    $publisher->publish(['items', 'private-user.7'], 'App\\Events\\ItemUpdated', $data, '1234.5678');
    same([
        'app' => 'app 7',
        'event' => 'App\\Events\\ItemUpdated',
        'channels' => ['items', 'private-user.7'],
        'except' => '1234.5678',
        'data' => $data,
    ], $consumer->next());
    $publisher->publish('items', 'Ünïcode ⛰', '');
    same(
        ['app' => 'app 7', 'event' => 'Ünïcode ⛰', 'channels' => ['items'], 'except' => null, 'data' => ''],
        $consumer->next(),
    );
    same([], left_over($consumer));
});

/**
 * What comes after the publisher of this process has left; its ring stays while it lives, so only what is there now.
 */
function left_over(Consumer $consumer): array
{
    (new Publisher(Harness::place(), 'end'))->publish('end', 'end', '');
    $events = [];

    while (($event = $consumer->next())['app'] !== 'end') {
        $events[] = $event;
    }

    return $events;
}

test('channels come from any kind of array', function () {
    $consumer = new Consumer(Harness::place());
    $publisher = new Publisher(Harness::place(), '1');
    $holes = ['a', 'b', 'c', 'd'];
    unset($holes[1]);
    $hash = ['x' => 'a', 'y' => 'b', 7 => 'c'];
    unset($hash['y']);
    $referenced = ['a', 'b'];
    $reference = &$referenced[1];
    $emptied = ['a', 'b'];
    unset($emptied[0]);
    $appended = [];
    for ($i = 0; $i < 100; $i++) {
        $appended[] = "channel-{$i}";
    }
    $constant = new class
    {
        public array $channels = ['a', 'b'];
    };
    $kinds = [
        [$holes, ['a', 'c', 'd']],
        [$hash, ['a', 'c']],
        [$referenced, ['a', 'b']],
        [$emptied, ['b']],
        [$appended, $appended],
        [[3 => 'a', 1 => 'b'], ['a', 'b']],
        [['same', 'same'], ['same', 'same']],
        [$constant->channels, ['a', 'b']],
        [get_object_vars($constant)['channels'], ['a', 'b']],
        [explode(',', 'a,b'), ['a', 'b']],
        ['single', ['single']],
    ];
    foreach ($kinds as [$channels, $expected]) {
        $publisher->publish($channels, 'event', '{}');
        same($expected, $consumer->next()['channels']);
    }
    // The array is as it was.
    same(['a', 'b'], $referenced);
    $reference = 'changed';
    same(['a', 'changed'], $referenced);
    unset($holes[0], $holes[2], $holes[3]);
    contains('no channel', thrown(Exception::class, fn () => $publisher->publish($holes, 'event', '{}'))->getMessage());
});

test('variables behind a symbol table are channels too', function () {
    $consumer = new Consumer(Harness::place());
    $publish = function () {
        $first = 'a';
        $second = 'b';
        $channels = get_defined_vars();
        (new Publisher(Harness::place(), '1'))->publish($channels, 'event', '{}');
    };
    $publish();
    same(['a', 'b'], $consumer->next()['channels']);
});

test('events of all sizes keep their order, large ones too', function () {
    $consumer = new Consumer(Harness::place());
    $publisher = new Publisher(Harness::place(), '1');
    $sizes = [0, 1, 7, 8, 9, 1000, 65_000, 65_600, 100_000, 1_048_576, 3, 500_000, 2];
    foreach ($sizes as $size) {
        $data = str_repeat('äx', intdiv($size, 3)).str_repeat('y', $size % 3);
        $publisher->publish('channel', "event-{$size}", $data);
        $event = $consumer->next();
        same("event-{$size}", $event['event']);
        same(md5($data), md5($event['data']), "{$size} bytes");
    }
});

test('a queue without a server takes events until it is full, and says so at once', function () {
    $publisher = new Publisher(Harness::place(), '1');
    $published = 0;
    $full = thrown(QueueFull::class, function () use ($publisher, &$published) {
        while (true) {
            $publisher->publish('channel', 'event', str_repeat('x', 1000));
            $published++;
        }
    });
    holds($published > 200 && $published < 262144 / 1000, "{$published} events fitted");
    foreach ([Harness::place(), (string) $published, '262144', 'no server', 'canyon:start'] as $part) {
        contains($part, $full->getMessage());
    }
    same([__FILE__, QueueFull::class], [$full->getFile(), get_class($full)]);
    same($published, $publisher->status()['depth_events']);
    thrown(QueueFull::class, fn () => $publisher->publish('channel', 'event', str_repeat('x', 1000)));
    same(2, $publisher->status()['refused_events']);

    $consumer = new Consumer(Harness::place());
    for ($i = 0; $i < $published; $i++) {
        same(str_repeat('x', 1000), $consumer->next()['data']);
    }
    $publisher->publish('channel', 'event', 'fits again');
    same('fits again', $consumer->next()['data']);
});

test('a full queue with a paused server says that the server is there', function () {
    $consumer = php('fwrite(STDOUT, "x\n");');
    $consumer->finish();
    $drain = new Process([Harness::consumer(), 'queue='.Harness::place()]);
    same('ready', $drain->line());
    $drain->kill(SIGSTOP);
    $publisher = new Publisher(Harness::place(), '1');
    $full = thrown(QueueFull::class, function () use ($publisher) {
        while (true) {
            $publisher->publish('channel', 'event', str_repeat('x', 1000));
        }
    });
    contains('the server is', $full->getMessage());
    $drain->kill(SIGCONT);
});

test('all publishers of a process share one ring per queue', function () {
    $one = new Publisher(Harness::place(), '1');
    $two = new Publisher(Harness::place().'/../queue', '2');
    $three = new Publisher(Harness::place(), '3');
    foreach ([$one, $three] as $publisher) {
        $publisher->publish('channel', 'event', '{}');
    }
    same(1, count(left_behind()));
    same(2, $one->status()['depth_events']);
    $other = new Publisher(Harness::place('other'), '1');
    $other->publish('channel', 'event', '{}');
    same(1, $other->status()['depth_events']);
    same(2, $three->status()['depth_events']);
    same([1, 2], [$other->status()['queue_events'], $three->status()['queue_events']]);
    unset($two);
});

test('nothing is opened before the first use, and a dropped publisher drops no event', function () {
    $publisher = new Publisher(Harness::place(), '1');
    holds(! file_exists(Harness::place()), 'the constructor opened the queue');
    $publisher->publish('channel', 'event', 'kept');
    unset($publisher);
    same('kept', (new Consumer(Harness::place()))->next()['data']);
});

test('the status tells of ring and server', function () {
    $publisher = new Publisher(Harness::place(), '1');
    $before = $publisher->status();
    same([
        'queue' => Harness::place(),
        'attached' => true,
        'error' => null,
        'server_alive' => false,
        'server_since_ms' => null,
        'server_silent_ms' => null,
        'depth_events' => 0,
        'depth_bytes' => 0,
        'oldest_ms' => null,
        'refused_events' => 0,
        'ring_bytes' => 262144,
        'queue_events' => 0,
        'queue_bytes' => 0,
        'queue_oldest_ms' => null,
        'protocol_version' => 1,
        'server_protocol_version' => null,
    ], $before);
    $publisher->publish('channel', 'event', 'waits');
    $waiting = $publisher->status();
    same([1, true], [$waiting['depth_events'], $waiting['depth_bytes'] > 0 && $waiting['oldest_ms'] >= 0]);
    $began = (int) (microtime(true) * 1000);
    $consumer = new Consumer(Harness::place());
    same('waits', $consumer->next()['data']);
    until('the server is seen', fn () => $publisher->status()['depth_events'] === 0);
    $served = $publisher->status();
    same([true, null, 1], [$served['server_alive'], $served['server_silent_ms'], $served['server_protocol_version']]);
    holds(abs($served['server_since_ms'] - $began) < 60_000, 'the server is said to run since '.$served['server_since_ms']);
    unset($consumer);
});

test('a queue that cannot be used is an exception at the call and an error in the status', function () {
    file_put_contents(Harness::place(), 'a file');
    $publisher = new Publisher(Harness::place(), '1');
    $message = thrown(Exception::class, fn () => $publisher->publish('channel', 'event', '{}'))->getMessage();
    contains('is not a directory', $message);
    contains(Harness::place(), $message);
    same([false, $message], [$publisher->status()['attached'], $publisher->status()['error']]);
    // As soon as it can be used, it is.
    unlink(Harness::place());
    $publisher->publish('channel', 'event', '{}');
    same([true, 1], [$publisher->status()['attached'], $publisher->status()['depth_events']]);
});

test('a directory that everybody may write is refused', function () {
    mkdir(Harness::place());
    chmod(Harness::place(), 0777);
    $publisher = new Publisher(Harness::place(), '1');
    $message = thrown(Exception::class, fn () => $publisher->publish('channel', 'event', '{}'))->getMessage();
    contains('0777', $message);
    contains('chmod', $message);
});

test('a relative queue path means the directory it meant when it was given', function () {
    $before = getcwd();
    chdir(dirname(Harness::place()));
    $publisher = new Publisher('queue', '1');
    chdir('/');
    $publisher->publish('channel', 'event', '{}');
    chdir($before);
    same(Harness::place(), $publisher->status()['queue']);
    same(1, count(left_behind()));
});
