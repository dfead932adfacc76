<?php

namespace Canyon\Tests\Feature;

use Canyon\Events\CacheMiss;
use Canyon\Events\ChannelOccupied;
use Canyon\Events\ClientEvent;
use Canyon\Events\LifecycleEvent;
use Canyon\Events\SubscriptionCount;
use Canyon\Tests\TestCase;
use Canyon\Webhooks\WebhookRoute;
use Carbon\CarbonImmutable;
use Illuminate\Contracts\Cache\Repository;
use Illuminate\Support\Facades\Event;
use Illuminate\Support\Facades\Exceptions;
use Illuminate\Support\Facades\Route;
use Illuminate\Testing\TestResponse;
use PHPUnit\Framework\Attributes\DataProvider;
use RuntimeException;

/**
 * What the application does with the webhooks of a server.
 */
final class WebhookRouteTest extends TestCase
{
    private const KEY = '278d425bdf160c739803';

    private const SECRET = '7ad3773142a6692b25b8';

    /**
     * @var list<LifecycleEvent>
     */
    private array $heard = [];

    protected function setUp(): void
    {
        parent::setUp();

        Event::listen(LifecycleEvent::class, function (LifecycleEvent $event) {
            $this->heard[] = $event;
        });
    }

    /**
     * The request of the protocol's documentation, with the signature that Pusher's libraries compute.
     */
    public function test_a_request_signed_by_pusher_is_understood(): void
    {
        $this->travelTo(CarbonImmutable::createFromTimestampMs(1700000000500));

        $response = $this->call('POST', '/canyon/webhooks', server: [
            'CONTENT_TYPE' => 'application/json',
            'HTTP_X_PUSHER_KEY' => self::KEY,
            'HTTP_X_PUSHER_SIGNATURE' => '485883e4e368d7391e2484824aefa810e806f08ee1dcabc81828e8c46995f300',
        ], content: '{"time_ms":1700000000000,"events":[{"name":"channel_occupied","channel":"lobby"}]}');

        $response->assertOk();
        $this->assertEquals([new ChannelOccupied('4242', 'lobby', CarbonImmutable::createFromTimestampMs(1700000000000, date_default_timezone_get()))], $this->heard);
    }

    public function test_every_event_of_a_request_is_heard_in_order(): void
    {
        $this->hook([
            ['name' => 'channel_occupied', 'channel' => 'cache-a'],
            ['name' => 'cache_miss', 'channel' => 'cache-a'],
            ['name' => 'subscription_count', 'channel' => 'cache-a', 'subscription_count' => 3],
        ])->assertOk();

        $this->assertSame([ChannelOccupied::class, CacheMiss::class, SubscriptionCount::class], array_map(get_class(...), $this->heard));
        $this->assertSame(3, $this->heard[2]->count);
    }

    #[DataProvider('data')]
    public function test_the_data_of_a_client_event_is_json(mixed $expected, string $data): void
    {
        $this->hook([['name' => 'client_event', 'channel' => 'private-a', 'event' => 'client-x', 'data' => $data, 'socket_id' => '1.2']])->assertOk();

        $this->assertInstanceOf(ClientEvent::class, $this->heard[0]);
        $this->assertSame([$expected, '1.2', null], [$this->heard[0]->json(), $this->heard[0]->socketId, $this->heard[0]->userId]);
    }

    public static function data(): iterable
    {
        return ['an object' => [['x' => 4.5], '{"x":4.5}'], 'a text' => ['just "text" / ä', 'just "text" / ä'], 'nothing' => ['', '']];
    }

    public function test_a_request_that_is_signed_with_another_secret_is_refused(): void
    {
        $this->hook([], ['X-Pusher-Signature' => hash_hmac('sha256', '', 'guess')])->assertUnauthorized()->assertJsonFragment([
            'message' => 'The header X-Pusher-Signature is not a signature of this request. Compare CANYON_APP_SECRET with the settings of the server.',
        ]);
        $this->hook([], ['X-Pusher-Signature' => ''])->assertUnauthorized();
        $this->hook([], ['X-Pusher-Key' => 'other'])->assertUnauthorized();
        $this->hook([], ['X-Pusher-Key' => ''])->assertUnauthorized();

        $this->assertSame([], $this->heard);
    }

    public function test_the_signature_is_one_of_every_byte(): void
    {
        $body = $this->body([['name' => 'channel_occupied', 'channel' => 'lobby']]);

        $this->send("{$body} ", hash_hmac('sha256', $body, self::SECRET))->assertUnauthorized();
        $this->send(str_replace('lobby', 'admin', $body), hash_hmac('sha256', $body, self::SECRET))->assertUnauthorized();
    }

    public function test_an_application_without_a_secret_believes_nobody(): void
    {
        config(['canyon.app.secret' => '']);

        $this->hook([], ['X-Pusher-Signature' => hash_hmac('sha256', $this->body([]), '')])->assertUnauthorized();
    }

    public function test_a_request_is_heard_once_however_often_it_comes(): void
    {
        $body = $this->body([['name' => 'channel_occupied', 'channel' => 'lobby']]);
        $signature = hash_hmac('sha256', $body, self::SECRET);

        $this->send($body, $signature)->assertOk()->assertJson(['message' => 'Received.']);
        $this->send($body, $signature)->assertOk()->assertJson(['message' => 'This request was received before.']);

        $this->assertCount(1, $this->heard);
    }

    #[DataProvider('times')]
    public function test_a_request_of_another_time_is_refused(int $seconds, int $status): void
    {
        $this->freezeSecond();

        $this->hook([['name' => 'channel_occupied', 'channel' => 'lobby']], time: now()->getTimestamp() + $seconds)->assertStatus($status);

        $this->assertCount($status === 200 ? 1 : 0, $this->heard);
    }

    public static function times(): iterable
    {
        return ['repeated for five minutes' => [-330, 200], 'recorded' => [-660, 401], 'a clock that is ahead' => [330, 200], 'of the future' => [660, 401]];
    }

    public function test_a_cache_that_fails_is_reported_and_stops_nothing(): void
    {
        Exceptions::fake();
        $this->mock(Repository::class)->shouldReceive('add')->andThrow(new RuntimeException('There is no cache.'));

        $this->hook([['name' => 'channel_occupied', 'channel' => 'lobby']])->assertOk();

        $this->assertCount(1, $this->heard);
        Exceptions::assertReported(static fn (RuntimeException $e) => $e->getMessage() === 'There is no cache.');
    }

    public function test_a_listener_that_throws_is_reported_and_costs_no_other_event(): void
    {
        Exceptions::fake();
        Event::listen(static fn (ChannelOccupied $event) => throw new RuntimeException("Nothing can be done about [{$event->channel}]."));

        $this->hook([
            ['name' => 'channel_occupied', 'channel' => 'lobby'],
            ['name' => 'cache_miss', 'channel' => 'lobby'],
        ])->assertOk();

        $this->assertInstanceOf(CacheMiss::class, last($this->heard));
        Exceptions::assertReported(static fn (RuntimeException $e) => $e->getMessage() === 'Nothing can be done about [lobby].');
    }

    #[DataProvider('malformed')]
    public function test_what_is_no_webhook_is_refused_with_the_reason(string $reason, string $body): void
    {
        $this->send($body)->assertBadRequest()->assertJsonFragment(['message' => $reason]);

        $this->assertSame([], $this->heard);
    }

    public static function malformed(): iterable
    {
        $event = static fn (array $event) => json_encode(['time_ms' => 1, 'events' => [['name' => 'channel_occupied', 'channel' => 'a'], $event]]);

        yield ['The body is not JSON: Syntax error.', ''];
        yield ['The body has no [time_ms], which is a number, or no [events], which are a list.', 'null'];
        yield ['The body has no [time_ms], which is a number, or no [events], which are a list.', '{"time_ms":"now","events":[]}'];
        yield ['The body has no [time_ms], which is a number, or no [events], which are a list.', '{"time_ms":1,"events":"none"}'];
        yield ['The event [0] has no [name], which is text.', '{"time_ms":1,"events":["channel_occupied"]}'];
        yield ['The event [1] has no [name], which is text.', $event(['channel' => 'a'])];
        yield ['The event [1] of the type [cache_miss] has no [channel], which is text.', $event(['name' => 'cache_miss', 'channel' => ['a']])];
        yield ['The event [1] of the type [member_added] has no [user_id], which is text.', $event(['name' => 'member_added', 'channel' => 'a'])];
        yield ['The event [1] of the type [client_event] has no [data], which is text.', $event(['name' => 'client_event', 'channel' => 'a', 'event' => 'client-x', 'data' => ['a'], 'socket_id' => '1.2'])];
        yield ['The event [1] of the type [client_event] has no [user_id], which is text.', $event(['name' => 'client_event', 'channel' => 'a', 'event' => 'client-x', 'data' => '{}', 'socket_id' => '1.2', 'user_id' => 7])];
        yield ['The event [1] of the type [subscription_count] has no [subscription_count], which is a number.', $event(['name' => 'subscription_count', 'channel' => 'a'])];
    }

    public function test_a_type_of_a_newer_server_is_ignored(): void
    {
        $this->hook([['name' => 'channel_flooded'], ['name' => 'cache_miss', 'channel' => 'a']])->assertOk();

        $this->assertCount(1, $this->heard);
        $this->assertStringContainsString('[channel_flooded]', $this->skeleton->log());
    }

    public function test_the_app_of_another_connection_signs_with_its_own_secret(): void
    {
        config([
            'broadcasting.connections.other' => ['driver' => 'canyon', 'app' => ['id' => '7', 'key' => 'other-key', 'secret' => 'other-secret']],
            'broadcasting.connections.pusher' => ['driver' => 'pusher', 'app_id' => '8', 'key' => 'pusher-key', 'secret' => 'pusher-secret'],
            'broadcasting.connections.empty' => ['driver' => 'pusher', 'app_id' => '9', 'key' => 'empty-key', 'secret' => null],
        ]);
        $body = $this->body([['name' => 'channel_occupied', 'channel' => 'lobby']]);

        foreach (['other', 'pusher'] as $app) {
            $this->send($body, hash_hmac('sha256', $body, "{$app}-secret"), "{$app}-key")->assertOk();
        }

        $this->assertSame(['7', '8'], array_column($this->heard, 'appId'));
        $this->send($body, hash_hmac('sha256', $body, self::SECRET), 'other-key')->assertUnauthorized();
        $this->send($body, hash_hmac('sha256', $body, ''), 'empty-key')->assertUnauthorized();
    }

    public function test_the_path_can_be_chosen_and_an_empty_one_takes_the_route_away(): void
    {
        $this->reboot(['CANYON_WEBHOOK_PATH' => '/hooks/sockets/']);
        $this->assertSame('hooks/sockets', Route::getRoutes()->getByName('canyon.webhooks')->uri());

        $this->reboot(['CANYON_WEBHOOK_PATH' => '']);
        $this->assertNull(Route::getRoutes()->getByName('canyon.webhooks'));
    }

    public function test_listening_for_everything_asks_for_nothing_but_naming_it_does(): void
    {
        $this->app->forgetInstance('events');
        $wanted = fn () => $this->app->make(WebhookRoute::class)->settings()['events'] ?? null;
        Event::clearResolvedInstance('events');

        Event::listen('*', static fn () => null);
        $this->assertNull($wanted());

        Event::listen(CacheMiss::class, static fn () => null);
        $this->assertSame(['cache_miss'], $wanted());

        config(['canyon.webhooks.events' => ['client_event', 'member_added']]);
        $this->assertSame(['client_event', 'member_added'], $wanted());
    }

    public function test_listening_for_a_namespace_or_the_interface_asks_for_all_of_it(): void
    {
        $wanted = fn () => $this->app->make(WebhookRoute::class)->settings()['events'] ?? null;

        $this->assertCount(7, $wanted(), 'The interface, which setUp() listens for.');

        $this->app->forgetInstance('events');
        Event::clearResolvedInstance('events');
        Event::listen('Canyon\Events\Channel*', static fn () => null);

        $this->assertSame(['channel_occupied', 'channel_vacated'], $wanted());
    }

    /**
     * @param  list<array<string, mixed>>  $events
     * @param  array<string, string>  $headers
     */
    private function hook(array $events, array $headers = [], ?int $time = null): TestResponse
    {
        $body = $this->body($events, $time);

        return $this->send($body, $headers['X-Pusher-Signature'] ?? null, $headers['X-Pusher-Key'] ?? self::KEY);
    }

    private function body(array $events, ?int $time = null): string
    {
        return json_encode(['time_ms' => 1000 * ($time ?? now()->getTimestamp()), 'events' => $events], JSON_UNESCAPED_SLASHES);
    }

    private function send(string $body, ?string $signature = null, string $key = self::KEY): TestResponse
    {
        return $this->call('POST', '/canyon/webhooks', server: [
            'CONTENT_TYPE' => 'application/json',
            'HTTP_X_PUSHER_KEY' => $key,
            'HTTP_X_PUSHER_SIGNATURE' => $signature ?? hash_hmac('sha256', $body, self::SECRET),
        ], content: $body);
    }
}
