<?php

namespace Canyon\Tests\Unit;

use Canyon\Broadcasting\EventLimit;
use Canyon\InvalidConfiguration;
use PHPUnit\Framework\TestCase;

final class EventLimitTest extends TestCase
{
    public function test_what_is_configured_counts(): void
    {
        $this->assertSame(10, EventLimit::configured('10')->bytes);
        $this->assertSame(PHP_INT_MAX, EventLimit::configured(null)->bytes);
        $this->assertSame(PHP_INT_MAX, EventLimit::configured('')->bytes);
    }

    public function test_an_event_over_the_limit_is_refused_with_both_sizes(): void
    {
        $this->assertStringStartsWith(
            'The data has 11 bytes, and the limit is 10.', EventLimit::configured(10)->exceededBy(str_repeat('x', 11))->getMessage(),
        );
    }

    public function test_a_limit_that_is_no_number_is_named(): void
    {
        $this->expectException(InvalidConfiguration::class);
        $this->expectExceptionMessage('[app.max_event_bytes] in config/canyon.php must be a whole number, not [1MB]');

        EventLimit::configured('1MB');
    }
}
