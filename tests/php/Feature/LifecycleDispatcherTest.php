<?php

namespace Canyon\Tests\Feature;

use Canyon\Events\ChannelOccupied;
use Canyon\Events\ClientEvent;
use Canyon\Events\LifecycleDispatcher;
use Canyon\Events\LifecycleEvent;
use Canyon\Events\MemberAdded;
use Canyon\Tests\Fixtures\Listeners\QueuedListener;
use Canyon\Tests\TestCase;
use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\Context;
use Illuminate\Support\Facades\Event;
use Illuminate\Support\Facades\Exceptions;
use Illuminate\Support\Facades\Schema;
use Mockery;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;
use RuntimeException;

use function Illuminate\Support\defer;

/**
 * What canyon:start does with the events that the server gives it.
 */
final class LifecycleDispatcherTest extends TestCase
{
    public function test_listeners_get_the_events_they_listen_for(): void
    {
        $heard = [];
        Event::listen(function (ChannelOccupied $event) use (&$heard) {
            $heard[] = ['occupied', $event->appId, $event->channel];
        });
        Event::listen(MemberAdded::class, function (MemberAdded $event) use (&$heard) {
            $heard[] = ['added', $event->channel, $event->userId];
        });

        $this->dispatch('channel_occupied');
        $this->dispatch('member_added', ['user_id' => '31']);
        $this->dispatch('channel_vacated');

        $this->assertSame([['occupied', '4242', 'presence-room.1'], ['added', 'presence-room.1', '31']], $heard);
    }

    public function test_a_listener_of_the_interface_gets_all_of_them(): void
    {
        $heard = [];
        Event::listen(LifecycleEvent::class, function (LifecycleEvent $event) use (&$heard) {
            $heard[] = class_basename($event);
        });

        $this->dispatch('channel_occupied');
        $this->dispatch('subscription_count', ['count' => 1]);

        $this->assertSame(['ChannelOccupied', 'SubscriptionCount'], $heard);
    }

    public function test_the_fake_of_the_framework_sees_them(): void
    {
        Event::fake();

        $this->dispatch('member_added', ['user_id' => '31']);

        Event::assertDispatched(static fn (MemberAdded $event) => $event->userId === '31');
        Event::assertNotDispatched(ChannelOccupied::class);
    }

    public function test_a_type_of_a_newer_server_is_no_event_and_logged_once(): void
    {
        $heard = [];
        Event::listen('*', function (string $name, array $payload) use (&$heard) {
            if ($payload[0] instanceof LifecycleEvent) {
                $heard[] = $name;
            }
        });
        $dispatcher = $this->app->make(LifecycleDispatcher::class);

        $this->dispatch('channel_painted', dispatcher: $dispatcher);
        $this->dispatch('channel_painted', dispatcher: $dispatcher);
        $this->dispatch('channel_occupied', dispatcher: $dispatcher);

        $this->assertSame([ChannelOccupied::class], $heard);
        $this->assertSame(1, substr_count($this->skeleton->log(), '[channel_painted]'));
    }

    public function test_what_a_listener_throws_is_reported_and_the_next_event_comes(): void
    {
        Exceptions::fake();
        $heard = [];
        Event::listen(ChannelOccupied::class, static fn () => throw new RuntimeException('The listener has failed.'));
        Event::listen(MemberAdded::class, function () use (&$heard) {
            $heard[] = 'added';
        });

        $this->dispatch('channel_occupied');
        $this->dispatch('member_added', ['user_id' => '31']);

        Exceptions::assertReported(static fn (RuntimeException $e) => $e->getMessage() === 'The listener has failed.');
        Exceptions::assertReportedCount(1);
        $this->assertSame(['added'], $heard);
    }

    public function test_an_event_that_lacks_something_is_reported(): void
    {
        Exceptions::fake();

        $this->dispatch('member_added');

        Exceptions::assertReportedCount(1);
    }

    public function test_what_cannot_be_reported_is_in_the_log_of_php(): void
    {
        $handler = Mockery::mock(ExceptionHandler::class);
        $handler->shouldReceive('report')->andThrow(new RuntimeException('The disk is full.'));
        $this->app->instance(ExceptionHandler::class, $handler);
        Event::listen(ChannelOccupied::class, static fn () => throw new RuntimeException('The listener has failed.'));
        $log = ini_set('error_log', $this->skeleton->path.'/php.log');

        try {
            $this->dispatch('channel_occupied');
        } finally {
            ini_set('error_log', (string) $log);
        }

        $this->assertStringContainsString('Canyon could not report an exception (The disk is full.): RuntimeException: The listener has failed.', file_get_contents($this->skeleton->path.'/php.log'));
    }

    #[RequiresPhpExtension('pdo_sqlite')]
    public function test_a_queued_listener_is_run_by_a_worker(): void
    {
        $this->reboot(['QUEUE_CONNECTION' => 'database', 'DB_CONNECTION' => 'sqlite', 'DB_DATABASE' => ':memory:']);
        Schema::create('jobs', static function (Blueprint $table) {
            $table->id();
            $table->string('queue');
            $table->text('payload');
            $table->tinyInteger('attempts');
            $table->integer('reserved_at')->nullable();
            $table->integer('available_at');
            $table->integer('created_at');
        });
        QueuedListener::$handled = [];
        Event::listen(ClientEvent::class, QueuedListener::class);

        $this->dispatch('client_event', ['user_id' => '31', 'event' => 'client-typing', 'data' => '{"name":"Zoë / 🧀"}', 'socket_id' => '12.34']);
        $this->assertSame([], QueuedListener::$handled);
        $this->artisan('queue:work', ['--once' => true])->assertSuccessful();

        $this->assertCount(1, QueuedListener::$handled);
        $event = QueuedListener::$handled[0];
        $this->assertSame(['presence-room.1', '31', '12.34', 'Zoë / 🧀'], [$event->channel, $event->userId, $event->socketId, $event->json('name')]);
        $this->assertSame(1763636400123, $event->occurredAt->getTimestampMs());
    }

    public function test_what_a_listener_defers_is_done_at_the_end_of_the_event(): void
    {
        $done = [];
        Event::listen(ChannelOccupied::class, function () use (&$done) {
            defer(function () use (&$done) {
                $done[] = 'deferred';
            });
            $done[] = 'listened';
        });

        $this->dispatch('channel_occupied');

        $this->assertSame(['listened', 'deferred'], $done);
    }

    public function test_what_a_failed_listener_has_deferred_is_only_done_if_it_is_to_be_done_always(): void
    {
        Exceptions::fake();
        $done = [];
        Event::listen(ChannelOccupied::class, function () use (&$done) {
            defer(function () use (&$done) {
                $done[] = 'if it succeeds';
            });
            defer(function () use (&$done) {
                $done[] = 'always';
            })->always();

            throw new RuntimeException;
        });

        $this->dispatch('channel_occupied');
        $this->dispatch('channel_vacated');

        $this->assertSame(['always'], $done);
    }

    public function test_nothing_scoped_is_carried_from_one_event_to_the_next(): void
    {
        $seen = [];
        $this->app->scoped('scoped', static fn () => new \ArrayObject);
        Event::listen(LifecycleEvent::class, function (LifecycleEvent $event) use (&$seen) {
            $seen[] = [count($this->app->make('scoped')), Context::get('channel')];
            $this->app->make('scoped')->append($event);
            Context::add('channel', $event->channel);
        });

        $this->dispatch('channel_occupied');
        $this->dispatch('channel_vacated');

        $this->assertSame([[0, null], [0, null]], $seen);
    }

    private function dispatch(string $type, array $more = [], ?LifecycleDispatcher $dispatcher = null): void
    {
        ($dispatcher ?? $this->app->make(LifecycleDispatcher::class))
            ->dispatch(['type' => $type, 'app' => '4242', 'channel' => 'presence-room.1', 'time_ms' => 1763636400123] + $more);
    }
}
