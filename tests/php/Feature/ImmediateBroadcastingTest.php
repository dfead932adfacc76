<?php

namespace Canyon\Tests\Feature;

use Canyon\Broadcasting\ImmediateBroadcastManager;
use Canyon\CanyonServiceProvider;
use Canyon\Tests\Fixtures\Article;
use Canyon\Tests\Fixtures\ItemUpdated;
use Canyon\Tests\Fixtures\OrderShipped;
use Canyon\Tests\Fixtures\ShipOrder;
use Canyon\Tests\Support\Port;
use Illuminate\Broadcasting\BroadcastEvent;
use Illuminate\Broadcasting\BroadcastException;
use Illuminate\Broadcasting\BroadcastManager;
use Illuminate\Support\Facades\Broadcast;
use Illuminate\Support\Facades\Bus;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Event;
use Illuminate\Support\Facades\Exceptions;
use Illuminate\Support\Facades\Queue;
use Illuminate\Support\Facades\Route;
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

    public function test_an_event_of_a_job_is_sent_by_the_worker_that_runs_the_job(): void
    {
        $this->reboot(['QUEUE_CONNECTION' => 'database']);
        $this->createJobs();

        dispatch(new ShipOrder(7));
        $this->artisan('queue:work', ['--once' => true])->assertSuccessful();

        $this->assertSame(['{"name":"Order 7","quantity":1}'], array_column($this->published(), 'data'));
        $this->assertSame(0, DB::table('jobs')->count());
    }

    public function test_an_application_needs_no_database(): void
    {
        unset($this->app['db.transactions']);

        event(new ItemUpdated('Käse'));

        $this->assertCount(1, $this->published());
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
