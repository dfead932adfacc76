<?php

namespace Canyon\Tests\Feature;

use Canyon\Facades\Canyon;
use Canyon\Testing\Broadcast as Recorded;
use Canyon\Tests\Fixtures\InvoicePaid;
use Canyon\Tests\Fixtures\ItemUpdated;
use Canyon\Tests\Fixtures\OrderShipped;
use Canyon\Tests\Fixtures\Parcel;
use Canyon\Tests\Support\RecordingBroadcaster;
use Canyon\Tests\TestCase;
use Closure;
use Illuminate\Auth\GenericUser;
use Illuminate\Broadcasting\BroadcastEvent;
use Illuminate\Broadcasting\PrivateChannel;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Foundation\Auth\User;
use Illuminate\Notifications\AnonymousNotifiable;
use Illuminate\Support\Facades\Broadcast;
use Illuminate\Support\Facades\Bus;
use Illuminate\Support\Facades\Event;
use Illuminate\Support\Facades\Http;
use Illuminate\Support\Facades\Queue;
use Illuminate\Support\Facades\Schema;
use PHPUnit\Framework\AssertionFailedError;
use PHPUnit\Framework\Attributes\DataProvider;

/**
 * Canyon::fake(), as the tests of an application use it.
 */
final class CanyonFakeTest extends TestCase
{
    public function test_an_event_is_found_by_class_by_name_and_by_closure(): void
    {
        Canyon::fake();

        broadcast(new OrderShipped(7));
        event(new ItemUpdated('Rope', 3));

        Canyon::assertBroadcast(OrderShipped::class);
        Canyon::assertBroadcast(ItemUpdated::class);
        Canyon::assertBroadcast('item.updated');
        Canyon::assertBroadcast(fn (OrderShipped $event) => $event->order === 7);
        Canyon::assertBroadcast(fn (ItemUpdated $event, Recorded $broadcast) => $event->name === 'Rope' && $broadcast->data('quantity') === 3);
        Canyon::assertBroadcast(fn (Recorded $broadcast) => $broadcast->data() === ['order' => 7]);
        Canyon::assertBroadcast('item.updated', fn (Recorded $broadcast) => $broadcast->isOn('private-stock'));
        Canyon::assertBroadcast(ItemUpdated::class, fn (ItemUpdated $event) => $event->quantity === 3);
        Canyon::assertNotBroadcast('order.shipped');
        Canyon::assertNotBroadcast(fn (OrderShipped $event) => $event->order === 8);
        Canyon::assertNotBroadcast('item.updated', fn (OrderShipped $event) => true);
    }

    public function test_a_fake_server_is_idle(): void
    {
        Canyon::fake();

        $this->assertSame([], Canyon::history()->samples()->all());
        $this->assertSame(['fake', []], [Canyon::top()->version(), Canyon::top()->channels()->all()]);
    }

    public function test_times_are_counted(): void
    {
        Canyon::fake();
        Canyon::assertNothingBroadcast();

        foreach ([1, 2, 2] as $order) {
            broadcast(new OrderShipped($order));
        }

        Canyon::assertBroadcastTimes(OrderShipped::class, 3);
        Canyon::assertBroadcast(OrderShipped::class, 3);
        Canyon::assertBroadcastTimes(fn (OrderShipped $event) => $event->order === 2, 2);
        Canyon::assertBroadcastTimes('item.updated', 0);
        $this->assertSame([1, 2, 2], Canyon::broadcasts(OrderShipped::class)->map->data('order')->all());
    }

    public function test_channels_are_named_as_echo_or_as_the_event_names_them(): void
    {
        Canyon::fake();

        broadcast(new ItemUpdated('Rope'));

        Canyon::assertBroadcastOn('items');
        Canyon::assertBroadcastOn('private-stock', ItemUpdated::class);
        Canyon::assertBroadcastOn(new PrivateChannel('stock'), 'item.updated');
        Canyon::assertBroadcastOn('items', fn (ItemUpdated $event) => $event->name === 'Rope');
    }

    public function test_the_connection_that_is_left_out_is_recorded_and_no_part_of_the_payload(): void
    {
        Canyon::fake();
        request()->headers->set('X-Socket-ID', '1234.5678');

        broadcast(new OrderShipped(7))->toOthers();

        $this->assertSame('1234.5678', Canyon::broadcasts()->first()->exceptSocketId);
        $this->assertSame(['order' => 7], Canyon::broadcasts()->first()->payload);
    }

    public function test_notifications_and_anonymous_events_are_recorded(): void
    {
        Canyon::fake();
        (new AnonymousNotifiable)->route('broadcast', [new PrivateChannel('users.31')])->notifyNow(new InvoicePaid);
        Broadcast::private('orders.7')->as('order.packed')->with(['weight' => 3])->sendNow();
        Broadcast::on('news')->as('printed')->send();
        Broadcast::connection()->broadcast(['raw'], 'by.hand', ['a' => 1]);

        Canyon::assertBroadcast(InvoicePaid::class);
        Canyon::assertBroadcast(fn (InvoicePaid $notification, Recorded $broadcast) => $broadcast->data('invoice') === 5 && $broadcast->isOn('private-users.31'));
        Canyon::assertBroadcastOn('private-orders.7', 'order.packed', fn (Recorded $broadcast) => $broadcast->data('weight') === 3);
        Canyon::assertBroadcastOn('news', 'printed');
        Canyon::assertBroadcastOn('raw', 'by.hand');
        Canyon::assertNotBroadcast(AnonymousNotifiable::class);
        $this->assertCount(4, Canyon::broadcasts());
    }

    public function test_events_of_models_are_recorded(): void
    {
        config(['database.connections.sqlite.database' => ':memory:']);
        Schema::create('parcels', static function (Blueprint $table) {
            $table->id();
            $table->string('state');
        });
        Canyon::fake();

        $parcel = Parcel::create(['state' => 'packed']);
        $parcel->update(['state' => 'sent']);
        $parcel->delete();

        $this->assertSame(['ParcelCreated', 'ParcelUpdated', 'ParcelDeleted'], Canyon::broadcasts()->pluck('name')->all());
        Canyon::assertBroadcastOn(new PrivateChannel($parcel), 'ParcelUpdated', fn (Recorded $broadcast) => $broadcast->data('model.state') === 'sent');
    }

    public function test_what_is_not_broadcast_is_not_recorded(): void
    {
        Canyon::fake();

        event(new ItemUpdated('Rope', 0));

        Canyon::assertNothingBroadcast();
    }

    public function test_nothing_reaches_a_server(): void
    {
        $this->reboot(['CANYON_TRANSPORT' => 'http', 'CANYON_PORT' => '1']);
        Canyon::fake();

        broadcast(new OrderShipped(7));

        Canyon::assertBroadcast(OrderShipped::class);
    }

    #[DataProvider('standIns')]
    public function test_what_test_environments_broadcast_to_instead_is_faked_too(string $connection): void
    {
        $this->reboot(['BROADCAST_CONNECTION' => $connection], without: ['CANYON_APP_ID', 'CANYON_APP_KEY', 'CANYON_APP_SECRET']);
        Canyon::fake();

        broadcast(new OrderShipped(7));
        broadcast((new OrderShipped(8))->broadcastVia('canyon'));

        $this->assertSame([7, 8], Canyon::broadcasts(OrderShipped::class)->map->data('order')->all());
        $this->assertSame('', $this->skeleton->log());
        $this->assertTrue(Broadcast::connection()->getChannels()->has('orders.{owner}'), 'The channels are still defined.');
    }

    public static function standIns(): iterable
    {
        return ['null' => ['null'], 'log' => ['log']];
    }

    public function test_another_service_is_left_alone(): void
    {
        config(['broadcasting.connections.other' => ['driver' => 'other'], 'broadcasting.default' => 'other']);
        $other = new RecordingBroadcaster;
        Broadcast::extend('other', static fn () => $other);
        Canyon::fake();

        broadcast(new OrderShipped(7));
        broadcast((new OrderShipped(8))->broadcastVia('canyon'));

        $this->assertSame([OrderShipped::class], $other->events);
        Canyon::assertBroadcastTimes(OrderShipped::class);
    }

    public function test_connections_made_later_and_several_ones_are_faked(): void
    {
        config(['broadcasting.connections.second' => ['driver' => 'canyon']]);
        Broadcast::connection('second')->channel('only.on.the.second', static fn () => true);
        Canyon::fake();
        config(['broadcasting.connections.third' => ['driver' => 'canyon']]);

        foreach (['canyon', 'second', 'third'] as $connection) {
            broadcast((new OrderShipped(7))->broadcastVia($connection));
        }

        Canyon::assertBroadcastTimes(OrderShipped::class, 3);
        $this->assertTrue(Broadcast::connection('second')->getChannels()->has('only.on.the.second'));
        $this->assertFalse(Broadcast::connection('canyon')->getChannels()->has('only.on.the.second'));
    }

    public function test_who_may_listen_is_decided_as_before(): void
    {
        Canyon::fake();

        $this->actingAs(new GenericUser(['id' => '31']));

        $this->post('/broadcasting/auth', ['socket_id' => '1.2', 'channel_name' => 'private-orders.31'])->assertOk()->assertJsonStructure(['auth']);
        $this->post('/broadcasting/auth', ['socket_id' => '1.2', 'channel_name' => 'private-orders.7'])->assertForbidden();
    }

    public function test_a_second_fake_begins_anew(): void
    {
        Canyon::fake();
        broadcast(new OrderShipped(7));
        Canyon::fake();

        Canyon::assertNothingBroadcast();
        broadcast(new OrderShipped(8));
        Canyon::assertBroadcastTimes(OrderShipped::class);
    }

    #[DataProvider('failures')]
    public function test_a_failed_assertion_tells_what_was_broadcast_instead(Closure $assertion, string $message): void
    {
        Canyon::fake();
        broadcast(new OrderShipped(7));
        broadcast(new ItemUpdated('Rope'));

        $this->assertStringStartsWith($message, $this->failureOf($assertion));
        $this->assertStringContainsString("What was broadcast:\n- [".OrderShipped::class.'] on [orders]'."\n- [".ItemUpdated::class.'] as [item.updated] on [items], [private-stock]', $this->failureOf($assertion));
    }

    public static function failures(): iterable
    {
        yield [static fn () => Canyon::assertBroadcast(InvoicePaid::class), 'The expected ['.InvoicePaid::class.'] event was not broadcast. '];
        yield [static fn () => Canyon::assertBroadcast(fn (OrderShipped $event) => $event->order === 8), 'The expected ['.OrderShipped::class.'] event was not broadcast as the closure wants it. '];
        yield [static fn () => Canyon::assertBroadcastTimes('item.updated', 2), 'The expected [item.updated] event was broadcast 1 times instead of 2 times. '];
        yield [static fn () => Canyon::assertBroadcastOn('stock'), 'Nothing was broadcast on [stock]. '];
        yield [static fn () => Canyon::assertBroadcastOn('orders', 'item.updated'), 'The expected [item.updated] event was not broadcast on [orders]. '];
        yield [static fn () => Canyon::assertNotBroadcast('item.updated'), 'The unexpected [item.updated] event was broadcast. '];
        yield [static fn () => Canyon::assertNothingBroadcast(), '2 unexpected events were broadcast. '];
    }

    public function test_another_fake_in_the_way_is_named(): void
    {
        Canyon::fake();
        Event::fake();

        broadcast(new OrderShipped(7));

        $this->assertStringContainsString("was not broadcast. Nothing was broadcast.\nEvent::fake() is in effect", $this->failureOf(static fn () => Canyon::assertBroadcast(OrderShipped::class)));
    }

    public function test_events_that_are_not_faked_are_recorded(): void
    {
        Canyon::fake();
        Event::fakeExcept([OrderShipped::class]);

        broadcast(new OrderShipped(7));

        Canyon::assertBroadcast(OrderShipped::class);
    }

    public function test_a_fake_of_the_queue_keeps_what_is_queued_unless_told_not_to(): void
    {
        Canyon::fake();
        config(['canyon.immediate' => false]);
        Queue::fake();
        broadcast(new ItemUpdated('Rope'));

        Queue::assertPushed(BroadcastEvent::class);
        $this->assertStringContainsString('Queue::fake() is in effect, and keeps 1 broadcasts.', $this->failureOf(static fn () => Canyon::assertBroadcast('item.updated')));

        Queue::fake()->except(BroadcastEvent::class);
        broadcast(new ItemUpdated('Rope'));

        Canyon::assertBroadcast('item.updated');
    }

    public function test_a_fake_of_the_bus_keeps_every_job(): void
    {
        Canyon::fake();
        $bus = Bus::fake();
        broadcast(new OrderShipped(6));
        broadcast(new OrderShipped(7));

        $this->assertStringContainsString('Bus::fake() is in effect, and keeps 2 broadcasts.', $this->failureOf(static fn () => Canyon::assertBroadcast(OrderShipped::class)));

        $bus->except(BroadcastEvent::class);
        broadcast(new OrderShipped(8));

        Canyon::assertBroadcast(fn (OrderShipped $event) => $event->order === 8);
    }

    public function test_a_server_can_be_asked_on_which_nobody_is_but_whom_the_test_puts_there(): void
    {
        Http::preventStrayRequests();
        $ada = (new User)->forceFill(['id' => 31]);
        Canyon::fake()->withMembers('presence-room.1', [$ada, 7])->withOnline(9);

        $this->assertSame([true, true, true, false], array_map(Canyon::isOnline(...), [$ada, '7', 9, 8]));
        $this->assertSame(['31', '7'], Canyon::members('presence-room.1')->pluck('id')->all());
        $this->assertSame(['presence-room.1'], Canyon::channels('presence-')->pluck('name')->all());
        $this->assertSame([2, 0], [Canyon::channel('presence-room.1')->userCount, Canyon::channel('presence-room.2')->userCount]);
        $this->assertSame([3, 3], [Canyon::connections(), Canyon::connection('canyon')->status()->connections]);
        $this->assertSame(['presence-room.1'], Canyon::user(31)->channels);
    }

    public function test_terminations_are_recorded(): void
    {
        Canyon::fake()->withOnline(31, 7);

        Canyon::terminate(31);

        Canyon::assertTerminated((new User)->forceFill(['id' => 31]));
        Canyon::assertNotTerminated(7);
        $this->assertSame([false, true], [Canyon::isOnline(31), Canyon::isOnline(7)]);
        $this->assertStringStartsWith('The connections of user [7] were not closed. Those of [31] were.', $this->failureOf(static fn () => Canyon::assertTerminated(7)));
        $this->assertStringStartsWith('The connections of user [31] were closed.', $this->failureOf(static fn () => Canyon::assertNotTerminated(31)));
    }

    private function failureOf(Closure $assertion): string
    {
        try {
            $assertion();
        } catch (AssertionFailedError $e) {
            return $e->getMessage();
        }

        $this->fail('The assertion should fail.');
    }
}
