<?php

namespace Canyon\Tests;

use Canyon\Exception;
use Canyon\Publisher;
use Canyon\QueueFull;

class Mine extends Exception
{
    public function __construct(public readonly string $extra)
    {
        parent::__construct('mine', 7, new \LogicException('cause'));
    }
}

test('the exceptions are runtime exceptions, one a kind of the other', function () {
    same('RuntimeException', get_parent_class(Exception::class));
    same(Exception::class, get_parent_class(QueueFull::class));
    holds((new \ReflectionClass(QueueFull::class))->isFinal(), 'QueueFull is not final');
    holds(new QueueFull('x') instanceof \Throwable, 'not throwable');
});

test('the exceptions can be made, with code and previous, and know where', function () {
    $cause = new \LogicException('cause');
    $line = __LINE__ + 1;
    $e = new Exception('words', 42, $cause);
    same(['words', 42, $cause, __FILE__, $line], [$e->getMessage(), $e->getCode(), $e->getPrevious(), $e->getFile(), $e->getLine()]);
    contains(__FILE__, $e->getTraceAsString().$e);
    $full = new QueueFull('words');
    same(['words', 0, null], [$full->getMessage(), $full->getCode(), $full->getPrevious()]);
});

test('an exception can be extended', function () {
    $e = thrown(Mine::class, fn () => throw new Mine('more'));
    same(['mine', 7, 'cause', 'more'], [$e->getMessage(), $e->getCode(), $e->getPrevious()->getMessage(), $e->extra]);
    holds($e instanceof \RuntimeException, 'not a runtime exception');
});

test('what the extension throws knows the file and line of the call', function () {
    $publisher = new Publisher(Harness::place(), '1');
    $line = 0;
    $e = thrown(Exception::class, function () use ($publisher, &$line) {
        $line = __LINE__ + 1;
        $publisher->publish('bad name', 'event', '{}');
    });
    same([__FILE__, $line, 0, null], [$e->getFile(), $e->getLine(), $e->getCode(), $e->getPrevious()]);
    same(['publish', Publisher::class], [$e->getTrace()[0]['function'], $e->getTrace()[0]['class']]);
});

test('an exception thrown in a finally block keeps the one before it', function () {
    $publisher = new Publisher(Harness::place(), '1');
    $e = thrown(Exception::class, function () use ($publisher) {
        try {
            throw new \LogicException('first');
        } finally {
            $publisher->publish('bad name', 'event', '{}');
        }
    });
    same('first', $e->getPrevious()?->getMessage());
});
