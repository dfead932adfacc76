<?php

namespace Canyon\Tests\Unit;

use Canyon\Broadcasting\OnFull;
use Canyon\InvalidConfiguration;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

final class OnFullTest extends TestCase
{
    #[DataProvider('choices')]
    public function test_what_is_configured_counts_and_else_where_the_code_runs(OnFull $expected, mixed $value, bool $runningInConsole): void
    {
        $this->assertSame($expected, OnFull::configured($value, $runningInConsole));
    }

    public static function choices(): iterable
    {
        yield 'a worker or command' => [OnFull::Throw, null, true];
        yield 'a web request' => [OnFull::Report, null, false];
        yield 'an empty variable' => [OnFull::Report, '', false];
        yield 'report in a worker' => [OnFull::Report, 'report', true];
        yield 'throw in a web request' => [OnFull::Throw, 'throw', false];
        yield 'drop' => [OnFull::Drop, 'drop', true];
    }

    #[DataProvider('mistakes')]
    public function test_anything_else_is_a_mistake_that_names_the_option(mixed $value, string $shown): void
    {
        $this->expectException(InvalidConfiguration::class);
        $this->expectExceptionMessage("The option [on_full] in config/canyon.php must be \"throw\", \"report\" or \"drop\", not [{$shown}]");

        OnFull::configured($value, false);
    }

    public static function mistakes(): iterable
    {
        return [['ignore', "'ignore'"], ['Throw', "'Throw'"], [true, 'true'], [false, 'false'], [['drop'], 'array']];
    }
}
