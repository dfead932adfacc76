<?php

namespace Canyon\Tests\Feature;

use Canyon\Tests\Fixtures\ItemUpdated;
use Canyon\Tests\Fixtures\StockCounted;
use Closure;
use Illuminate\Broadcasting\BroadcastEvent;
use Illuminate\Broadcasting\InteractsWithBroadcasting;
use Illuminate\Broadcasting\UniqueBroadcastEvent;
use Illuminate\Contracts\Broadcasting\ShouldBeUnique;
use Illuminate\Foundation\Application;
use Illuminate\Queue\Attributes\Connection;
use Illuminate\Queue\Attributes\Delay;
use Illuminate\Queue\Attributes\Queue as QueueAttribute;
use Illuminate\Support\Facades\Queue;
use PHPUnit\Framework\Attributes\DataProvider;
use RuntimeException;

/**
 * Which events are queued as Laravel queues them, although events are broadcast immediately.
 */
final class QueuedEventTest extends PublishingTestCase
{
    #[DataProvider('events')]
    public function test_an_event_that_needs_a_queue_is_queued(Closure $event, string $job = BroadcastEvent::class): void
    {
        Queue::fake();

        event($event());

        Queue::assertPushed($job, 1);
        $this->assertSame([], $this->published());
    }

    public static function events(): iterable
    {
        yield 'opted out' => [static fn () => new class('Käse') extends ItemUpdated
        {
            public bool $immediate = false;
        }];
        yield 'unique' => [static fn () => new class('Käse') extends ItemUpdated implements ShouldBeUnique
        {
            //
        }, UniqueBroadcastEvent::class];
        yield 'delayed' => [static fn () => new class('Käse') extends ItemUpdated
        {
            public int $delay = 60;
        }];
        yield 'with middleware' => [static fn () => new class('Käse') extends ItemUpdated
        {
            public function middleware(): array
            {
                return [new RuntimeException];
            }
        }];
        yield 'for a queue by method' => [static fn () => new class('Käse') extends ItemUpdated
        {
            public function broadcastQueue(): string
            {
                return 'broadcasts';
            }
        }];
        yield 'for a queue by property' => [static fn () => new class('Käse') extends ItemUpdated
        {
            public string $broadcastQueue = 'broadcasts';
        }];
        yield 'for a queue by Laravel\'s other property' => [static fn () => new class('Käse') extends ItemUpdated
        {
            public string $queue = 'broadcasts';
        }];
        yield 'for a queue connection' => [static fn () => new class('Käse') extends ItemUpdated
        {
            public string $connection = 'sync';
        }];
        yield 'also for another broadcaster' => [static fn () => (new class('Käse') extends ItemUpdated
        {
            use InteractsWithBroadcasting;
        })->broadcastVia(['canyon', 'log'])];
        yield 'only for another broadcaster' => [static fn () => (new class('Käse') extends ItemUpdated
        {
            use InteractsWithBroadcasting;
        })->broadcastVia('log')];
    }

    #[DataProvider('attributes')]
    public function test_an_event_whose_attributes_are_about_queues_is_queued(Closure $event): void
    {
        if (version_compare(Application::VERSION, '13', '<')) {
            $this->markTestSkipped('Laravel 12 does not read attributes of events.');
        }

        $this->test_an_event_that_needs_a_queue_is_queued($event);
    }

    public static function attributes(): iterable
    {
        yield 'queue' => [static fn () => new #[QueueAttribute('broadcasts')] class('Käse') extends ItemUpdated
        {
            //
        }];
        yield 'connection' => [static fn () => new #[Connection('sync')] class('Käse') extends ItemUpdated
        {
            //
        }];
        yield 'delay' => [static fn () => new #[Delay(60)] class('Käse') extends ItemUpdated
        {
            //
        }];
        yield 'of a parent' => [static fn () => new class('Käse') extends StockCounted
        {
            //
        }];
    }

    public function test_an_event_that_is_routed_to_a_queue_is_queued(): void
    {
        if (version_compare(Application::VERSION, '13', '<')) {
            $this->markTestSkipped('Laravel 12 does not route events to queues.');
        }

        app('queue.routes')->set(ItemUpdated::class, 'broadcasts');
        Queue::fake();

        event(new ItemUpdated('Käse'));

        Queue::assertPushedOn('broadcasts', BroadcastEvent::class);
        $this->assertSame([], $this->published());
    }
}
