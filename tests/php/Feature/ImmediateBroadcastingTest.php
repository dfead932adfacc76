<?php

namespace Canyon\Tests\Feature;

use Canyon\Broadcasting\ImmediateBroadcastManager;
use Canyon\CanyonServiceProvider;
use Canyon\Tests\Fixtures\Article;
use Canyon\Tests\Fixtures\ItemUpdated;
use Canyon\Tests\Fixtures\OrderShipped;
use Canyon\Tests\Fixtures\StockCounted;
use Canyon\Tests\Support\Port;
use Closure;
use Illuminate\Broadcasting\BroadcastEvent;
use Illuminate\Broadcasting\BroadcastException;
use Illuminate\Broadcasting\BroadcastManager;
use Illuminate\Broadcasting\InteractsWithBroadcasting;
use Illuminate\Broadcasting\UniqueBroadcastEvent;
use Illuminate\Contracts\Broadcasting\ShouldBeUnique;
use Illuminate\Foundation\Application;
use Illuminate\Queue\Attributes\Connection;
use Illuminate\Queue\Attributes\Delay;
use Illuminate\Queue\Attributes\Queue as QueueAttribute;
use Illuminate\Support\Facades\Broadcast;
use Illuminate\Support\Facades\Bus;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Event;
use Illuminate\Support\Facades\Exceptions;
use Illuminate\Support\Facades\Queue;
use Illuminate\Support\Facades\Route;
use PHPUnit\Framework\Attributes\DataProvider;
use RuntimeException;
use Throwable;

final class ImmediateBroadcastingTest extends PublishingTestCase
{
    public function test_an_event_needs_no_queue_and_no_worker(): void
    {
        $this->reboot(['QUEUE_CONNECTION' => 'database']);
        $this->createJobs();
        $this->createArticles();

        event(new ItemUpdated('Käse', 3));
        Broadcast::on('lobby')->as('Opened')->send();
        Article::create(['title' => 'Brot']);

        $this->assertSame(['item.updated', 'Opened', 'ArticleCreated'], $this->publishedNames());
        $this->assertSame(0, DB::table('jobs')->count());
    }

    public function test_the_sender_is_left_out_with_to_others(): void
    {
        request()->headers->set('X-Socket-ID', '12.34');

        broadcast(new ItemUpdated('Käse'))->toOthers();

        $this->assertSame('12.34', $this->published()[0]['socket_id']);
    }

    public function test_what_happens_to_the_event_later_does_not_matter(): void
    {
        DB::transaction(static function () {
            event($event = new ItemUpdated('Käse'));
            $event->name = 'Brot';
        });

        $this->assertSame('{"name":"Käse","quantity":1}', $this->published()[0]['data']);
    }

    #[DataProvider('eventsForQueues')]
    public function test_an_event_that_needs_a_queue_is_queued(Closure $event, string $job = BroadcastEvent::class): void
    {
        Queue::fake();

        event($event());

        Queue::assertPushed($job, 1);
        $this->assertSame([], $this->published());
    }

    public static function eventsForQueues(): iterable
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

    public function test_nothing_is_immediate_where_that_is_configured(): void
    {
        $this->reboot(['CANYON_IMMEDIATE' => 'false']);
        $this->createArticles();
        Queue::fake();

        event(new ItemUpdated('Käse'));
        Article::create(['title' => 'Brot']);
        Broadcast::on('lobby')->send();

        Queue::assertPushed(BroadcastEvent::class, 3);
        $this->assertSame([], $this->published());
    }

    public function test_a_connection_may_choose_for_itself(): void
    {
        config(['broadcasting.connections.queued' => ['driver' => 'canyon', 'immediate' => false]]);
        config(['broadcasting.connections.second' => ['driver' => 'canyon']]);
        Queue::fake();

        Broadcast::on('a')->via('queued')->send();
        Broadcast::on('b')->via('second')->send();

        Queue::assertPushed(BroadcastEvent::class, 1);
        $this->assertSame([['b']], array_column($this->published(), 'channels'));
    }

    public function test_an_application_without_canyon_as_its_default_is_left_alone(): void
    {
        Queue::fake();

        foreach (['log', 'null'] as $connection) {
            config(['broadcasting.default' => $connection]);

            event(new ItemUpdated('Käse'));
        }

        Queue::assertPushed(BroadcastEvent::class, 2);
    }

    public function test_fakes_work_as_they_do_without_it(): void
    {
        Bus::fake();

        event(new ItemUpdated('Käse'));

        Bus::assertNothingDispatched();
        $this->assertCount(1, $this->published());

        Event::fake();

        event(new ItemUpdated('Käse'));

        Event::assertDispatched(ItemUpdated::class, 1);
        $this->assertCount(1, $this->published());
    }

    public function test_a_failure_is_reported_and_the_request_goes_on(): void
    {
        $this->reboot(['CANYON_PORT' => (string) Port::unused()]);
        Exceptions::fake();
        Route::get('/update', static function () {
            broadcast(new ItemUpdated('Käse'));

            return 'updated';
        });

        $this->get('/update')->assertOk()->assertSeeText('updated');

        Exceptions::assertReported(static fn (BroadcastException $e) => str_contains($e->getMessage(), '[item.updated]'));
    }

    public function test_a_payload_that_cannot_be_built_is_reported(): void
    {
        Exceptions::fake();

        event(new class('Käse') extends ItemUpdated
        {
            public static ?Throwable $failure = null;

            public function broadcastWith(): array
            {
                throw new RuntimeException('No payload.');
            }

            public function failed(Throwable $e): void
            {
                self::$failure = $e;

                throw new RuntimeException('Failed to fail.');
            }
        });

        Exceptions::assertReported(static fn (RuntimeException $e) => $e->getMessage() === 'No payload.');
        Exceptions::assertReported(static fn (RuntimeException $e) => $e->getMessage() === 'Failed to fail.');
        Exceptions::assertReportedCount(2);
    }

    public function test_an_event_that_is_to_be_broadcast_now_still_throws(): void
    {
        $this->reboot(['CANYON_PORT' => (string) Port::unused()]);

        $this->expectException(BroadcastException::class);

        event(new OrderShipped(7));
    }

    public function test_a_manager_that_was_used_before_the_package_came_keeps_what_it_knows(): void
    {
        config(['broadcasting.connections.other' => ['driver' => 'other']]);
        $this->app->forgetExtenders(BroadcastManager::class);
        $this->app->instance(BroadcastManager::class, new BroadcastManager($this->app));
        Broadcast::clearResolvedInstances();
        Broadcast::extend('other', static fn () => 'their driver');

        $this->app->register(CanyonServiceProvider::class, force: true);
        Broadcast::extend('another', static fn () => 'another driver');

        $manager = $this->app->make(BroadcastManager::class);
        $this->assertInstanceOf(ImmediateBroadcastManager::class, $manager);
        $this->assertSame('their driver', $manager->connection('other'));
        $this->assertSame($manager, Broadcast::getFacadeRoot());
    }

    public function test_a_manager_of_the_applications_own_stays(): void
    {
        $own = new class($this->app) extends BroadcastManager
        {
            //
        };

        $this->assertSame($own, ImmediateBroadcastManager::replacing($own));
        $this->assertInstanceOf(ImmediateBroadcastManager::class, $this->app->make(BroadcastManager::class));
    }
}
