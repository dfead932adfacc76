<?php

namespace Canyon\Tests\Support;

use Closure;
use PHPUnit\Framework\Assert;

final class Wait
{
    /**
     * Wait for something another process does; it has plenty of time for it.
     *
     * @param  Closure(): bool  $happened
     * @param  Closure(): string  $otherwise
     */
    public static function until(Closure $happened, Closure $otherwise): void
    {
        for ($deadline = time() + 20; ! $happened(); usleep(5000)) {
            if (time() > $deadline) {
                Assert::fail('It has not happened within 20 seconds: '.$otherwise());
            }
        }
    }
}
