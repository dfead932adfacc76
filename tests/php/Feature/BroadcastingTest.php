<?php

namespace Canyon\Tests\Feature;

use Canyon\Broadcasting\OnFull;
use Canyon\Tests\Fixtures\ItemUpdated;
use Canyon\Tests\Fixtures\OrderShipped;
use Canyon\Tests\Support\Port;
use Illuminate\Broadcasting\BroadcastEvent;
use Illuminate\Broadcasting\BroadcastException;
use Illuminate\Broadcasting\Channel;
use Illuminate\Broadcasting\PrivateChannel;
use Illuminate\Contracts\Broadcasting\ShouldRescue;
use Illuminate\Foundation\Application;
use Illuminate\Support\Facades\Broadcast;
use Illuminate\Support\Facades\Exceptions;
use Illuminate\Support\Facades\Queue;

final class BroadcastingTest extends PublishingTestCase
{
    public function test_an_event_that_is_broadcast_now(): void
    {
        broadcast(new OrderShipped(7));

        $this->assertSame([
            ['name' => OrderShipped::class, 'channels' => ['orders'], 'data' => '{"order":7}'],
        ], $this->published());
    }

    public function test_the_events_name_payload_and_channels_are_its_own(): void
    {
        event(new ItemUpdated('Käse', 3));

        $this->assertSame([
            ['name' => 'item.updated', 'channels' => ['items', 'private-stock'], 'data' => '{"name":"Käse","quantity":3}'],
        ], $this->published());
    }

    public function test_an_event_that_is_not_to_be_broadcast(): void
    {
        event(new ItemUpdated('Käse', 0));

        $this->assertSame([], $this->published());
    }

    public function test_an_event_that_is_not_immediate_is_broadcast_by_a_queue_worker(): void
    {
        $this->reboot(['CANYON_IMMEDIATE' => 'false', 'QUEUE_CONNECTION' => 'database']);
        $this->createJobs();

        broadcast(new ItemUpdated('Käse'));

        $this->assertSame([], $this->published());

        $this->artisan('queue:work', ['--once' => true])->assertSuccessful();

        $this->assertSame(['item.updated'], $this->publishedNames());
    }

    public function test_an_event_may_name_its_queue(): void
    {
        Queue::fake();

        event(new class('Käse') extends ItemUpdated
        {
            public function broadcastQueue(): string
            {
                return 'broadcasts';
            }
        });

        Queue::assertPushedOn('broadcasts', BroadcastEvent::class);
    }

    public function test_an_event_may_name_its_connections_and_what_goes_to_each(): void
    {
        config(['broadcasting.connections.second' => ['driver' => 'canyon', 'app' => ['id' => 'second']]]);

        event((new class(7) extends OrderShipped
        {
            public function broadcastOn(): array
            {
                return ['canyon' => [new Channel('orders')], 'second' => [new PrivateChannel('shipments')]];
            }

            public function broadcastWith(): array
            {
                return ['canyon' => ['n' => 1], 'second' => ['n' => 2]];
            }
        })->broadcastVia(['canyon', 'second']));

        $this->assertSame(['/apps/4242/events', '/apps/second/events'], array_column($this->server->requests(), 'path'));
        $this->assertSame([['orders'], ['private-shipments']], array_column($this->published(), 'channels'));
        $this->assertSame(['{"n":1}', '{"n":2}'], array_column($this->published(), 'data'));
    }

    public function test_the_name_of_an_event_may_be_a_case_of_an_enumeration(): void
    {
        if (version_compare(Application::VERSION, '13.16', '<')) {
            $this->markTestSkipped('Laravel '.Application::VERSION.' takes only strings.');
        }

        event(new class(7) extends OrderShipped
        {
            public function broadcastAs(): OnFull
            {
                return OnFull::Report;
            }
        });

        $this->assertSame(['report'], $this->publishedNames());
    }

    public function test_an_event_that_is_rescued_reports_its_failure(): void
    {
        if (! interface_exists(ShouldRescue::class)) {
            $this->markTestSkipped('Laravel '.Application::VERSION.' has no ShouldRescue.');
        }

        $this->reboot(['CANYON_PORT' => (string) Port::unused()]);
        Exceptions::fake();

        event(new class(7) extends OrderShipped implements ShouldRescue
        {
            //
        });

        Exceptions::assertReported(BroadcastException::class);
    }

    public function test_the_sender_is_left_out_with_to_others(): void
    {
        request()->headers->set('X-Socket-ID', '12.34');

        broadcast(new OrderShipped(7))->toOthers();
        broadcast(new OrderShipped(8));

        $this->assertSame([
            ['name' => OrderShipped::class, 'channels' => ['orders'], 'data' => '{"order":7}', 'socket_id' => '12.34'],
            ['name' => OrderShipped::class, 'channels' => ['orders'], 'data' => '{"order":8}'],
        ], $this->published());
    }

    public function test_an_event_may_leave_the_sender_out_by_itself(): void
    {
        request()->headers->set('X-Socket-ID', '12.34');

        event((new OrderShipped(7))->dontBroadcastToCurrentUser());
        event((new OrderShipped(8))->dontBroadcastToCurrentUser()->broadcastToEveryone());

        $this->assertSame('12.34', $this->published()[0]['socket_id']);
        $this->assertArrayNotHasKey('socket_id', $this->published()[1]);
    }

    public function test_anonymous_events(): void
    {
        Broadcast::on('lobby')->as('Opened')->with(['door' => 'left'])->sendNow();
        Broadcast::private('orders.31')->send();
        Broadcast::presence('room.1')->as('Said')->sendNow();

        $this->assertSame([
            ['name' => 'Opened', 'channels' => ['lobby'], 'data' => '{"door":"left"}'],
            ['name' => 'AnonymousEvent', 'channels' => ['private-orders.31'], 'data' => '[]'],
            ['name' => 'Said', 'channels' => ['presence-room.1'], 'data' => '[]'],
        ], $this->published());
    }

    public function test_a_connection_may_differ_from_the_configuration_of_the_package(): void
    {
        config(['broadcasting.connections.second' => ['driver' => 'canyon', 'app' => ['id' => 'second']]]);

        broadcast(new OrderShipped(7))->via('second');

        $this->assertSame('/apps/second/events', $this->server->requests()[0]['path']);
    }

    public function test_a_payload_that_is_not_json_is_a_broadcast_exception_that_names_the_event(): void
    {
        $this->expectException(BroadcastException::class);
        $this->expectExceptionMessage('Failed to broadcast event [Opened]: Malformed UTF-8 characters');

        Broadcast::on('lobby')->as('Opened')->with(['door' => "\xff"])->sendNow();
    }

    public function test_a_failure_is_a_broadcast_exception_that_names_the_event(): void
    {
        $this->reboot(['CANYON_PORT' => (string) Port::unused()]);

        $this->expectException(BroadcastException::class);
        $this->expectExceptionMessageMatches('~^Failed to broadcast event \[Canyon\\\\Tests\\\\Fixtures\\\\OrderShipped\]: Could not reach the Canyon server~');

        event(new OrderShipped(7));
    }

    public function test_missing_credentials_are_a_broadcast_exception_that_names_the_variable(): void
    {
        $this->reboot([], without: ['CANYON_APP_KEY']);

        $this->expectException(BroadcastException::class);
        $this->expectExceptionMessage('Set CANYON_APP_KEY (or REVERB_APP_KEY)');

        event(new OrderShipped(7));
    }
}
