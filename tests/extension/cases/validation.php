<?php

namespace Canyon\Tests;

use Canyon\Exception;
use Canyon\Publisher;

/**
 * The message of the exception for a bad argument.
 */
function refused(array $arguments): string
{
    $arguments += ['channels' => 'channel', 'event' => 'event', 'data' => '{}'];
    $publisher = new Publisher(Harness::place(), '1');
    $message = thrown(Exception::class, fn () => $publisher->publish(...$arguments))->getMessage();
    // Refused before anything was opened.
    holds(! file_exists(Harness::place()), 'a refused event opened the queue');

    return $message;
}

test('channel names hold only the allowed characters', function () {
    foreach (['bad name', 'grün', 'a/b', "a\nb", 'a!', 'a:b', '#lobby', "nul\0"] as $name) {
        contains('channel name', refused(['channels' => $name]));
    }

    contains('"bad name"', refused(['channels' => 'bad name']));
    contains("' '", refused(['channels' => 'bad name']));
    contains('"bad name"', refused(['channels' => ['good', 'bad name']]));
    contains('empty', refused(['channels' => '']));
    contains('not UTF-8', refused(['channels' => "\xff\xfe"]));
});

test('all allowed characters are allowed, and server-to-user channels', function () {
    $publisher = new Publisher(Harness::place(), '1');
    $publisher->publish('-abcxyzABCXYZ0189_=@,.;', 'event', '{}');
    $publisher->publish('#server-to-user-31', 'event', '{}');
    $publisher->publish(['private-a', 'presence-b', 'private-encrypted-c', 'cache-d'], 'event', '{}');
    same(3, $publisher->status()['depth_events']);
});

test('a channel name has a longest length, and the message says which', function () {
    $publisher = new Publisher(Harness::place(), '1');
    $publisher->publish(str_repeat('a', 164), 'event', '{}');
    $message = thrown(Exception::class, fn () => $publisher->publish(str_repeat('a', 165), 'event', '{}'))->getMessage();
    foreach (['165', '164', 'canyon.max_channel_length', '"aaaaaaaa'] as $part) {
        contains($part, $message);
    }
    holds(strlen($message) < 250, "the message shows the whole name: {$message}");
});

test('at least one channel and at most ten thousand', function () {
    contains('no channel', refused(['channels' => []]));
    $message = refused(['channels' => array_fill(0, 10001, 'a')]);
    contains('10001', $message);
    contains('10000', $message);
    $publisher = new Publisher(Harness::place(), '1');
    $publisher->publish(array_map(fn ($i) => "channel-{$i}", range(1, 10000)), 'event', '{}');
    same(1, $publisher->status()['depth_events']);
});

test('event names are not empty, not too long and not the protocol\'s own', function () {
    contains('empty', refused(['event' => '']));
    contains('"pusher:ping"', refused(['event' => 'pusher:ping']));
    contains('pusher_internal:', refused(['event' => 'pusher_internal:member_added']));
    contains('not UTF-8', refused(['event' => "a\xc3"]));
    $message = refused(['event' => str_repeat('ü', 201)]);
    contains('201', $message);
    contains('200', $message);
    $publisher = new Publisher(Harness::place(), '1');
    $publisher->publish('channel', str_repeat('ü', 200), '{}');
    $publisher->publish('channel', 'pushers:fine', '{}');
    $publisher->publish('channel', 'App\\Events\\ItemUpdated', '{}');
    same(3, $publisher->status()['depth_events']);
});

test('data has a longest length and is UTF-8', function () {
    $message = refused(['data' => str_repeat('x', 1048577)]);
    foreach (['1048577', '1048576', 'canyon.max_event_bytes'] as $part) {
        contains($part, $message);
    }
    $message = refused(['data' => "{\"a\":\"\x80\"}"]);
    contains('not UTF-8', $message);
    contains('byte 6', $message);
    contains('base64', $message);
    contains('not UTF-8', refused(['data' => random_bytes(64)."\xff"]));
    // Surrogates, overlong forms and numbers beyond Unicode.
    foreach (["\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80"] as $bytes) {
        contains('not UTF-8', refused(['data' => $bytes]));
    }
});

test('a socket id is two numbers with a point between', function () {
    foreach (['', '1234', '1234.', '.5678', '1234.5678.9', 'a.b', '12.3x', ' 1.2', '1.2 ', "1.2\n", '-1.2', '١.٢'] as $id) {
        contains('socket id', refused(['exceptSocketId' => $id]));
    }

    contains('"1234"', refused(['exceptSocketId' => '1234']));
    $publisher = new Publisher(Harness::place(), '1');
    $publisher->publish('channel', 'event', '{}', '1234.5678');
    $publisher->publish('channel', 'event', '{}', null);
    $publisher->publish('channel', 'event', '{}', exceptSocketId: '0.0');
    same(3, $publisher->status()['depth_events']);
});

test('what is no string is a type error that says where', function () {
    $publisher = new Publisher(Harness::place(), '1');
    $given = [[5, 'int'], [1.5, 'float'], [null, 'null'], [true, 'bool'], [new \ArrayObject, 'ArrayObject']];

    foreach ($given as [$value, $type]) {
        $message = thrown(\TypeError::class, fn () => $publisher->publish($value, 'event', '{}'))->getMessage();
        contains("must be of type string|array, {$type} given", $message);
        $message = thrown(\TypeError::class, fn () => $publisher->publish(['a', $value], 'event', '{}'))->getMessage();
        contains("element 1 must be of type string, {$type} given", $message);
        thrown(\TypeError::class, fn () => $publisher->publish('a', $value, '{}'));
        thrown(\TypeError::class, fn () => $publisher->publish('a', 'event', $value));
    }

    contains('array given', thrown(\TypeError::class, fn () => $publisher->publish([['a']], 'event', '{}'))->getMessage());
    contains('resource given', thrown(\TypeError::class, fn () => $publisher->publish(STDIN, 'event', '{}'))->getMessage());
    thrown(\ArgumentCountError::class, fn () => $publisher->publish('a', 'event'));
});

test('the queue path and the app id are not empty and plain', function () {
    contains('queue path is empty', thrown(Exception::class, fn () => new Publisher('', '1'))->getMessage());
    contains('app id is empty', thrown(Exception::class, fn () => new Publisher('/dev/shm/x', ''))->getMessage());
    contains('NUL', thrown(Exception::class, fn () => new Publisher("/dev/shm/\0x", '1'))->getMessage());
    contains('not UTF-8', thrown(Exception::class, fn () => new Publisher('/dev/shm/x', "\xff"))->getMessage());
});
