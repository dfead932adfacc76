<?php

namespace Canyon\Tests\Unit;

use Canyon\Broadcasting\OnFull;
use Canyon\Broadcasting\Transports\LenientTransport;
use Canyon\Broadcasting\Transports\LimitedTransport;
use Canyon\Exception;
use Canyon\InvalidConfiguration;
use Canyon\QueueFull;
use Canyon\Tests\Support\RecordingTransport;
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

    public function test_only_a_full_queue_is_passed_over(): void
    {
        $passedOver = [];
        $onFull = static function (string $event, QueueFull $e) use (&$passedOver) {
            $passedOver[] = [$event, $e->getMessage()];
        };

        (new LenientTransport(new RecordingTransport(new QueueFull('no room')), $onFull))->publish(['a'], 'E', '{}');
        (new LenientTransport($transport = new RecordingTransport, $onFull))->publish(['a'], 'F', '1', '1.2');

        $this->assertSame([['E', 'no room']], $passedOver);
        $this->assertSame([['channels' => ['a'], 'event' => 'F', 'data' => '1', 'except' => '1.2']], $transport->published);

        $this->expectExceptionMessage('something else');

        (new LenientTransport(new RecordingTransport(new Exception('something else')), $onFull))->publish(['a'], 'E', '{}');
    }

    public function test_an_event_over_the_limit_is_refused_with_both_sizes(): void
    {
        $limited = LimitedTransport::configured($transport = new RecordingTransport, '10');
        $limited->publish(['a'], 'E', str_repeat('x', 10), '1.2');

        $this->assertSame([['channels' => ['a'], 'event' => 'E', 'data' => 'xxxxxxxxxx', 'except' => '1.2']], $transport->published);

        $this->expectException(Exception::class);
        $this->expectExceptionMessage('The data has 11 bytes, and the limit is 10.');

        $limited->publish(['a'], 'E', str_repeat('x', 11));
    }

    public function test_without_a_limit_the_transport_stays_as_it_is(): void
    {
        $transport = new RecordingTransport;

        $this->assertSame($transport, LimitedTransport::configured($transport, null));
        $this->assertSame($transport, LimitedTransport::configured($transport, ''));
    }

    public function test_a_limit_that_is_no_number_is_named(): void
    {
        $this->expectException(InvalidConfiguration::class);
        $this->expectExceptionMessage('[app.max_event_bytes] in config/canyon.php must be a whole number, not [1MB]');

        LimitedTransport::configured(new RecordingTransport, '1MB');
    }
}
