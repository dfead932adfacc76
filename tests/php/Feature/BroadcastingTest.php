<?php

namespace Canyon\Tests\Feature;

use Canyon\Tests\Fixtures\InvoicePaid;
use Canyon\Tests\Fixtures\ItemUpdated;
use Canyon\Tests\Fixtures\OrderShipped;
use Canyon\Tests\Support\HttpServer;
use Canyon\Tests\Support\Port;
use Canyon\Tests\TestCase;
use Illuminate\Broadcasting\BroadcastEvent;
use Illuminate\Broadcasting\BroadcastException;
use Illuminate\Notifications\AnonymousNotifiable;
use Illuminate\Support\Facades\Broadcast;
use Illuminate\Support\Facades\Queue;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;

/**
 * Everything between the event and the wire is real; the server only records what it is sent.
 */
#[RequiresPhpExtension('curl')]
final class BroadcastingTest extends TestCase
{
    private HttpServer $server;

    protected function setUp(): void
    {
        $this->server = new HttpServer;
        $this->environment['CANYON_TRANSPORT'] = 'http';
        $this->environment['CANYON_PORT'] = (string) $this->server->port;

        parent::setUp();
    }

    protected function tearDown(): void
    {
        parent::tearDown();

        $this->server->stop();
    }

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

    public function test_an_event_is_queued_unless_it_is_broadcast_now(): void
    {
        Queue::fake();

        broadcast(new ItemUpdated('Käse'));
        broadcast(new OrderShipped(7));

        Queue::assertPushed(BroadcastEvent::class, 1);
        $this->assertSame([OrderShipped::class], array_column($this->published(), 'name'));
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

    public function test_notifications(): void
    {
        (new AnonymousNotifiable)->route('broadcast', ['lobby'])->notifyNow(new InvoicePaid);

        $this->assertCount(1, $this->published());
        $this->assertSame(['lobby'], $this->published()[0]['channels']);
        $this->assertSame(['invoice' => 5, 'id' => 'n-1', 'type' => 'invoice.paid'], json_decode($this->published()[0]['data'], true));
    }

    public function test_a_connection_may_differ_from_the_configuration_of_the_package(): void
    {
        config(['broadcasting.connections.second' => ['driver' => 'canyon', 'app' => ['id' => 'second']]]);

        broadcast(new OrderShipped(7))->via('second');

        $this->assertSame('/apps/second/events', $this->server->requests()[0]['path']);
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

    /**
     * @return list<array<string, mixed>>
     */
    private function published(): array
    {
        return array_column($this->server->requests(), 'json');
    }
}
