<?php

namespace Canyon\Tests\Server;

use Canyon\Events\ChannelOccupied;
use Canyon\Events\ChannelVacated;
use Canyon\Events\ClientEvent;
use Canyon\Events\LifecycleEvent;
use Canyon\Events\MemberAdded;
use Canyon\Events\MemberRemoved;
use Canyon\Events\SubscriptionCount;
use Canyon\Tests\Fixtures\Listeners\AnswerOccupied;
use Canyon\Tests\Fixtures\Listeners\FailOccupied;
use Canyon\Tests\Fixtures\Listeners\RecordLifecycle;
use Canyon\Tests\Fixtures\OrderShipped;
use Canyon\Tests\Support\Port;
use Canyon\Tests\Support\Wait;
use Canyon\Tests\Support\WebServer;
use Illuminate\Auth\GenericUser;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;

/**
 * What the listeners of an application get to hear from the canyon binary, over HTTP.
 */
#[RequiresPhpExtension('canyon')]
final class WebhookTest extends ServerTestCase
{
    private ?WebServer $web = null;

    protected function startOptions(): array
    {
        return ['--sidecar'];
    }

    protected function setUp(): void
    {
        $binary = (string) getenv('CANYON_BIN');

        $this->environment['CANYON_BINARY'] = $binary;
        // The requests of php -S have nothing else in common.
        $this->environment['CACHE_STORE'] = 'file';

        parent::setUp();

        if (! is_executable($binary)) {
            $this->markTestSkipped("There is no canyon binary at [{$binary}]; `make server` builds it.");
        }
    }

    protected function tearDown(): void
    {
        // First: it tells of the channels that its end has vacated.
        $this->server?->stop(5);
        $this->web?->stop();

        parent::tearDown();
    }

    public function test_listeners_hear_the_same_as_from_a_server_in_php(): void
    {
        $this->startWith([RecordLifecycle::class]);
        $client = $this->connect();
        $this->actingAs(new GenericUser(['id' => '31']));
        $client->subscribe('presence-room.1', $this->authorize($client, 'presence-room.1'));
        $client->whisper('presence-room.1', 'client-typing', '{"to":{}, "n":1.0}');
        $client->whisper('presence-room.1', 'client-said', '"some \"text\""');

        [$occupied, $added, $typing, $said] = $this->recorded(4);

        $client->unsubscribe('presence-room.1');

        [, , , , $removed, $vacated] = $this->recorded(6);

        $this->assertInstanceOf(ChannelOccupied::class, $occupied);
        $this->assertSame(['4242', 'presence-room.1', date('Y-m')], [$occupied->appId, $occupied->channel, $occupied->occurredAt->format('Y-m')]);

        $this->assertInstanceOf(MemberAdded::class, $added);
        $this->assertSame('31', $added->userId);

        $this->assertInstanceOf(ClientEvent::class, $typing);
        $this->assertSame(['client-typing', '{"to":{}, "n":1.0}'], [$typing->event, $typing->data]);
        $this->assertSame([$client->socketId, '31'], [$typing->socketId, $typing->userId]);
        $this->assertInstanceOf(ClientEvent::class, $said);
        $this->assertSame('some "text"', $said->json());

        $this->assertInstanceOf(MemberRemoved::class, $removed);
        $this->assertInstanceOf(ChannelVacated::class, $vacated);
    }

    #[DataProvider('transports')]
    public function test_a_listener_may_broadcast(string $transport): void
    {
        $this->environment['CANYON_TRANSPORT'] = $transport;
        $this->startWith([AnswerOccupied::class]);
        $client = $this->connect();
        $client->subscribe('orders');

        $this->assertSame('{"order":1}', $client->expect(OrderShipped::class)['data']);
        $this->assertSame('{"order":2}', $client->expect(OrderShipped::class)['data']);
    }

    public static function transports(): iterable
    {
        return ['extension' => ['extension'], 'http' => ['http']];
    }

    public function test_subscription_counts_are_heard(): void
    {
        $this->environment['CANYON_APP_SUBSCRIPTION_COUNTS'] = 'true';
        $this->startWith([RecordLifecycle::class]);
        $client = $this->connect();
        $client->subscribe('lobby');

        $counts = array_filter($this->recorded(2), static fn ($event) => $event instanceof SubscriptionCount);

        $this->assertSame([1], array_column($counts, 'count'));
    }

    public function test_a_listener_that_throws_is_reported_and_costs_no_other_event(): void
    {
        $this->startWith([FailOccupied::class, RecordLifecycle::class]);
        $this->actingAs(new GenericUser(['id' => '31']));
        $client = $this->connect();
        $client->subscribe('orders');
        $client->subscribe('presence-room.1', $this->authorize($client, 'presence-room.1'));

        $this->assertInstanceOf(MemberAdded::class, $this->recorded(1)[0]);
        $this->assertStringContainsString('Nothing can be done about [orders].', $this->skeleton->log());
        $this->assertStringNotContainsString('a webhook fails', $this->server->getErrorOutput());
    }

    /**
     * Start the server, and an application with these subscribers of events.
     *
     * @param  list<class-string>  $subscribers
     */
    private function startWith(array $subscribers): void
    {
        $port = Port::unused();
        $this->environment['APP_URL'] = "http://127.0.0.1:{$port}";
        $this->environment['TEST_SUBSCRIBERS'] = implode(',', $subscribers);

        $this->web = new WebServer($this->skeleton, $port, $this->environment);

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
            fn () => "of {$count} events it got ".json_encode($recorded())."\n".$this->server->getErrorOutput().$this->web->log().$this->skeleton->log(),
        );

        return $recorded();
    }
}
