<?php

/**
 * From here on the kernel kills this process (SIGSYS) at the first system call that can wait for somebody else: sleeping,
 * polling, waiting for a futex, a lock, a socket, a semaphore or a child, and giving the processor away. Needs PHP's FFI.
 */
(static function (): void {
    $always = [0, [0]];
    $futex = [0x7F, [0, 6, 9, 11, 13]]; // FUTEX_WAIT, _LOCK_PI, _WAIT_BITSET, _WAIT_REQUEUE_PI, _LOCK_PI2
    $flock = [0xFF, [1, 2]]; // LOCK_SH and LOCK_EX, without LOCK_NB
    $fcntl = [0xFF, [7, 38]]; // F_SETLKW, F_OFD_SETLKW

    $calls = match (php_uname('m')) {
        'x86_64' => [202 => $futex, 73 => $flock, 72 => $fcntl] + array_fill_keys([
            7, 271, 23, 270, 232, 281, 441, // poll, ppoll, select, pselect6, epoll_wait, epoll_pwait, epoll_pwait2
            35, 230, 34, 130, 128, 24, // nanosleep, clock_nanosleep, pause, rt_sigsuspend, rt_sigtimedwait, sched_yield
            61, 247, 65, 220, 449, 455, 426, // wait4, waitid, semop, semtimedop, futex_waitv, futex_wait, io_uring_enter
            45, 47, 299, 43, 288, 42, // recvfrom, recvmsg, recvmmsg, accept, accept4, connect
        ], $always),
        'aarch64' => [98 => $futex, 32 => $flock, 25 => $fcntl] + array_fill_keys([
            73, 72, 22, 441, 101, 115, 133, 137, 124, 260, 95, 193, 192, 449, 455, 426, 207, 212, 243, 202, 242, 203,
        ], $always),
    };

    // Classic BPF: code, jump if true, jump if false, operand.
    $kill = [0x06, 0, 0, 0x80000000];
    $allow = [0x06, 0, 0, 0x7FFF0000];
    $program = [[0x20, 0, 0, 0]]; // load the number of the call

    foreach ($calls as $number => [$mask, $values]) {
        $test = [[0x20, 0, 0, 24], [0x54, 0, 0, $mask]]; // load the second argument, mask it

        foreach ($values as $value) {
            array_push($test, [0x15, 0, 1, $value], $kill);
        }

        array_push($program, [0x15, 0, count($test) + 1, $number], ...$test, ...[$allow]);
    }

    $program[] = $allow;
    $instructions = implode('', array_map(static fn (array $step) => pack('SCCL', ...$step), $program));

    $c = FFI::cdef('struct program { unsigned short length; char *instructions; }; int prctl(int option, ...);');
    $memory = $c->new('char['.strlen($instructions).']', false);
    FFI::memcpy($memory, $instructions, strlen($instructions));
    $filter = $c->new('struct program');
    $filter->length = count($program);
    $filter->instructions = $c->cast('char *', FFI::addr($memory[0]));

    // PR_SET_NO_NEW_PRIVS, then PR_SET_SECCOMP with SECCOMP_MODE_FILTER.
    if ($c->prctl(38, 1, 0, 0, 0) !== 0 || $c->prctl(22, 2, FFI::addr($filter), 0, 0) !== 0) {
        exit("the filter was refused\n");
    }
})();
