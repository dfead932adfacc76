<?php

namespace Canyon\Tests\Unit;

use Canyon\Events\CacheMiss;
use Canyon\Events\ChannelOccupied;
use Canyon\Events\ChannelVacated;
use Canyon\Events\ClientEvent;
use Canyon\Events\LifecycleEvent;
use Canyon\Events\LifecycleEvents;
use Canyon\Events\MemberAdded;
use Canyon\Events\MemberRemoved;
use Canyon\Events\SubscriptionCount;
use Carbon\CarbonImmutable;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use Psr\Log\AbstractLogger;

final class LifecycleEventsTest extends TestCase
{
    private AbstractLogger $log;

    private LifecycleEvents $events;

    protected function setUp(): void
    {
        $this->log = new class extends AbstractLogger
        {
            public array $lines = [];

            public function log($level, $message, array $context = []): void
            {
                $this->lines[] = "{$level}: {$message}";
            }
        };

        $this->events = new LifecycleEvents($this->log);
    }

    #[DataProvider('events')]
    public function test_each_type_becomes_an_event_of_its_own(LifecycleEvent $expected, string $type, array $more = []): void
    {
        $event = $this->events->fromArray(['type' => $type, 'app' => '4242', 'channel' => 'presence-room.7', 'time_ms' => 1763636400123] + $more);

        $this->assertEquals($expected, $event);
        $this->assertSame([], $this->log->lines);
    }

    public static function events(): iterable
    {
        $about = ['appId' => '4242', 'channel' => 'presence-room.7', 'occurredAt' => CarbonImmutable::parse('2025-11-20 11:00:00.123 UTC')->setTimezone(date_default_timezone_get())];
        $client = ['event' => 'client-typing', 'data' => '{"name":"Zoë"}', 'socket_id' => '12.34'];

        yield [new ChannelOccupied(...$about), 'channel_occupied'];
        yield [new ChannelVacated(...$about), 'channel_vacated'];
        yield [new MemberAdded(...$about, userId: '31'), 'member_added', ['user_id' => '31']];
        yield [new MemberRemoved(...$about, userId: '31'), 'member_removed', ['user_id' => '31']];
        yield [new ClientEvent(...$about, event: 'client-typing', data: '{"name":"Zoë"}', socketId: '12.34', userId: '31'), 'client_event', ['user_id' => '31'] + $client];
        yield [new ClientEvent(...$about, event: 'client-typing', data: '{"name":"Zoë"}', socketId: '12.34', userId: null), 'client_event', $client];
        yield [new CacheMiss(...$about), 'cache_miss'];
        yield [new SubscriptionCount(...$about, count: 12), 'subscription_count', ['count' => 12]];
    }

    public function test_the_moment_is_given_in_the_time_zone_of_the_application(): void
    {
        $before = date_default_timezone_get();
        date_default_timezone_set('America/St_Johns');

        try {
            $event = $this->events->fromArray(['type' => 'cache_miss', 'app' => '4242', 'channel' => 'cache-a', 'time_ms' => 1763636400123]);
        } finally {
            date_default_timezone_set($before);
        }

        $this->assertSame('2025-11-20 07:30:00.123 America/St_Johns', $event->occurredAt->format('Y-m-d H:i:s.v e'));
    }

    public function test_unknown_types_are_ignored_and_the_log_says_so_once_for_each(): void
    {
        foreach (['channel_painted', 'channel_painted', 'channel_sold', 'channel_painted', 'channel_sold'] as $type) {
            $this->assertNull($this->events->fromArray(['type' => $type, 'app' => '4242', 'time_ms' => 1763636400123]));
        }

        $this->assertCount(2, $this->log->lines);
        $this->assertStringStartsWith('notice: The Canyon server tells of events of the type [channel_painted]', $this->log->lines[0]);
        $this->assertStringStartsWith('notice: The Canyon server tells of events of the type [channel_sold]', $this->log->lines[1]);
    }

    public function test_events_survive_being_queued(): void
    {
        foreach (self::events() as [$event]) {
            $this->assertEquals($event, unserialize(serialize($event)));
        }
    }
}
