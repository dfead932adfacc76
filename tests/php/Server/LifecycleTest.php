<?php

namespace Canyon\Tests\Server;

use Canyon\Events\CacheMiss;
use Canyon\Events\ChannelOccupied;
use Canyon\Events\ChannelVacated;
use Canyon\Events\ClientEvent;
use Canyon\Events\LifecycleEvent;
use Canyon\Events\MemberAdded;
use Canyon\Events\MemberRemoved;
use Canyon\Events\SubscriptionCount;
use Canyon\Tests\Fixtures\Listeners\AnswerOccupied;
use Canyon\Tests\Fixtures\Listeners\FailOccupied;
use Canyon\Tests\Fixtures\Listeners\HoldOccupied;
use Canyon\Tests\Fixtures\Listeners\RecordLifecycle;
use Canyon\Tests\Fixtures\OrderShipped;
use Canyon\Tests\Support\Wait;
use Canyon\Tests\Support\WebSocketClient;
use Illuminate\Auth\GenericUser;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;

/**
 * What the listeners of an application get to hear from the server in its artisan process.
 */
#[RequiresPhpExtension('canyon')]
#[RequiresPhpExtension('pcntl')]
final class LifecycleTest extends ServerTestCase
{
    public function test_listeners_hear_who_comes_what_they_say_and_who_goes(): void
    {
        $this->startWith([RecordLifecycle::class]);
        $first = $this->joinRoom('31');
        $second = $this->joinRoom('32');
        $first->expect('pusher_internal:member_added');
        $first->whisper('presence-room.1', 'client-typing', '{"to":{}, "n":1.0}');
        $second->expect('client-typing');
        $second->disconnect();
        $first->expect('pusher_internal:member_removed');
        $first->unsubscribe('presence-room.1');

        [$occupied, $added, $addedToo, $said, $removed, $removedToo, $vacated] = $this->recorded(7);

        $this->assertInstanceOf(ChannelOccupied::class, $occupied);
        $this->assertSame(['4242', 'presence-room.1'], [$occupied->appId, $occupied->channel]);
        $this->assertSame(date('Y-m'), $occupied->occurredAt->format('Y-m'));

        $this->assertInstanceOf(MemberAdded::class, $added);
        $this->assertInstanceOf(MemberAdded::class, $addedToo);
        $this->assertSame(['31', '32'], [$added->userId, $addedToo->userId]);

        $this->assertInstanceOf(ClientEvent::class, $said);
        $this->assertSame(['presence-room.1', 'client-typing', '{"to":{}, "n":1.0}'], [$said->channel, $said->event, $said->data]);
        $this->assertSame([$first->socketId, '31'], [$said->socketId, $said->userId]);

        $this->assertInstanceOf(MemberRemoved::class, $removed);
        $this->assertInstanceOf(MemberRemoved::class, $removedToo);
        $this->assertSame(['32', '31'], [$removed->userId, $removedToo->userId]);

        $this->assertInstanceOf(ChannelVacated::class, $vacated);
        $this->assertSame('presence-room.1', $vacated->channel);
    }

    public function test_the_user_of_a_client_event_on_a_private_channel_is_unknown(): void
    {
        $this->startWith([RecordLifecycle::class]);
        $this->actingAs(new GenericUser(['id' => '31']));
        $client = $this->connect();
        $client->subscribe('private-orders.31', $this->authorize($client, 'private-orders.31'));
        $client->whisper('private-orders.31', 'client-seen', '"all"');

        [, $said] = $this->recorded(2);

        $this->assertInstanceOf(ClientEvent::class, $said);
        $this->assertSame(['"all"', $client->socketId, null], [$said->data, $said->socketId, $said->userId]);
    }

    public function test_listeners_hear_of_empty_caches_and_of_subscription_counts(): void
    {
        $this->environment['CANYON_APP_SUBSCRIPTION_COUNTS'] = 'true';
        $this->startWith([RecordLifecycle::class]);
        $client = $this->connect();
        $client->subscribe('cache-news');

        $events = [];
        foreach ($this->recorded(3) as $event) {
            $this->assertSame('cache-news', $event->channel);
            $events[$event::class] = $event;
        }

        $this->assertArrayHasKey(ChannelOccupied::class, $events);
        $this->assertArrayHasKey(CacheMiss::class, $events);
        $this->assertSame(1, $events[SubscriptionCount::class]->count);
    }

    #[DataProvider('transports')]
    public function test_a_listener_may_broadcast(string $transport): void
    {
        $this->environment['CANYON_TRANSPORT'] = $transport;
        $this->startWith([AnswerOccupied::class, RecordLifecycle::class]);
        $client = $this->connect();
        $client->subscribe('orders');

        $this->assertSame('{"order":1}', $client->expect(OrderShipped::class)['data']);
        $this->assertSame('{"order":2}', $client->expect(OrderShipped::class)['data']);

        $client->subscribe('lobby');

        $this->assertSame('{"order":1}', $client->expect(OrderShipped::class)['data']);
        $this->assertSame('{"order":2}', $client->expect(OrderShipped::class)['data']);
    }

    public static function transports(): iterable
    {
        return ['extension' => ['extension'], 'http' => ['http']];
    }

    public function test_a_listener_that_throws_is_reported_and_stops_nothing(): void
    {
        $this->startWith([FailOccupied::class, RecordLifecycle::class]);
        $client = $this->joinRoom('31');
        $client->subscribe('orders');
        $other = $this->joinRoom('32');

        // The failure ends what is heard of that event, as everywhere in Laravel, but of no other.
        [$added, $addedToo] = $this->recorded(2);
        $this->assertSame(['31', '32'], [$added->userId, $addedToo->userId]);

        broadcast(new OrderShipped(7));
        $client->expect('pusher_internal:member_added');
        $this->assertSame('{"order":7}', $client->expect(OrderShipped::class)['data']);

        $this->server->signal(15);
        $this->assertSame(4200, $other->closeCode());
        $this->assertSame(0, $this->server->wait());
        $this->assertStringContainsString('Nothing can be done about [presence-room.1].', $this->skeleton->log());
        $this->assertStringContainsString('Nothing can be done about [orders].', $this->skeleton->log());
    }

    public function test_a_listener_that_takes_long_holds_up_no_client_and_a_signal_ends_the_server_before_the_next_event(): void
    {
        $this->startWith([RecordLifecycle::class, HoldOccupied::class]);
        $client = $this->connect();

        foreach (range(1, 30) as $number) {
            $client->subscribe("room.{$number}");
        }

        $client->subscribe('orders');
        broadcast(new OrderShipped(7));
        $this->assertSame('{"order":7}', $client->expect(OrderShipped::class)['data']);

        $this->recorded(1);
        $this->server->signal(15);
        touch($this->skeleton->path.'/storage/release');

        $this->assertSame(4200, $client->closeCode());
        $this->assertSame(0, $this->server->wait());
        $this->assertCount(1, $this->recorded(1));
    }

    public function test_what_listeners_are_too_slow_for_is_dropped_and_reported_and_the_server_goes_on(): void
    {
        $this->environment['CANYON_APP_CLIENT_EVENT_RATE'] = '0';
        $this->startWith([HoldOccupied::class]);
        $this->actingAs(new GenericUser(['id' => '31']));
        $client = $this->connect();
        $client->subscribe('orders');
        $client->subscribe('private-orders.31', $this->authorize($client, 'private-orders.31'));

        // More than are kept for a listener that takes long.
        foreach (range(1, 5000) as $number) {
            $client->whisper('private-orders.31', 'client-moved', (string) $number);
        }

        $printed = fn () => $this->server->getErrorOutput();
        Wait::until(fn () => str_contains($printed(), 'life-cycle events were dropped'), $printed);

        broadcast(new OrderShipped(7));
        $this->assertSame('{"order":7}', $client->expect(OrderShipped::class)['data']);

        $this->server->signal(15);
        touch($this->skeleton->path.'/storage/release');
        $this->assertSame(0, $this->server->wait());
        $this->assertMatchesRegularExpression('/life-cycle events were dropped.*events.*=\d+/', $printed());
    }

    private function joinRoom(string $user): WebSocketClient
    {
        $this->actingAs(new GenericUser(['id' => $user]));
        $client = $this->connect();
        $client->subscribe('presence-room.1', $this->authorize($client, 'presence-room.1'));

        return $client;
    }

    /**
     * Start the server with these subscribers of events.
     *
     * @param  list<class-string>  $subscribers
     */
    private function startWith(array $subscribers): void
    {
        $this->environment['TEST_SUBSCRIBERS'] = implode(',', $subscribers);

        $this->start();
    }

    /**
     * Wait until so many events are recorded.
     *
     * @return list<LifecycleEvent>
     */
    private function recorded(int $count): array
    {
        $recorded = fn () => RecordLifecycle::recorded($this->skeleton->path.'/storage');

        Wait::until(
            static fn () => count($recorded()) >= $count,
            fn () => "of {$count} events it got ".json_encode($recorded())."\n".$this->server->getErrorOutput().$this->skeleton->log(),
        );

        return $recorded();
    }
}
