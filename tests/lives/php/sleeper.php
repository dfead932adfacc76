<?php

declare(strict_types=1);

/*
 * Sleeps on the queue's doorbell as the server does, and says whether it was woken.
 */

const PAGE = 4096;
const DOORBELL = 384;
const FUTEX_WAIT = 0;
const SYSTEM_CALL = ['x86_64' => 202, 'aarch64' => 98];

$c = FFI::cdef('
    typedef struct { long seconds; long nanoseconds; } timespec;
    int open(const char *path, int flags);
    void *mmap(void *address, size_t length, int protection, int flags, int file, long offset);
    long syscall(long number, void *word, int operation, unsigned int value, timespec *timeout, void *other, int mask);
');
$file = $c->open(getenv('QUEUE').'/control', 2);
$page = FFI::cast('char *', $c->mmap(null, PAGE, 3, 1, $file, 0));
$bell = FFI::cast('unsigned int *', $page + DOORBELL);
$timeout = $c->new('timespec');
$timeout->seconds = 25;

echo "sleeping\n";
$result = $c->syscall(SYSTEM_CALL[php_uname('m')], $bell, FUTEX_WAIT, $bell[0], FFI::addr($timeout), null, 0);
echo $result === 0 ? "woken\n" : "slept through\n";
