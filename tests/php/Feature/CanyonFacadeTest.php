<?php

namespace Canyon\Tests\Feature;

use Canyon\Exception;
use Canyon\Facades\Canyon;
use Canyon\RequestRefused;
use Canyon\ServerUnreachable;
use Canyon\Tests\TestCase;
use Illuminate\Broadcasting\PresenceChannel;
use Illuminate\Foundation\Auth\User;
use Illuminate\Http\Client\Request;
use Illuminate\Support\Facades\Http;
use InvalidArgumentException;
use PHPUnit\Framework\Attributes\DataProvider;

/**
 * What the facade sends, and what it makes of the answers.
 */
final class CanyonFacadeTest extends TestCase
{
    public function test_a_request_is_signed_with_its_parameters(): void
    {
        Http::fake(['*' => Http::response(['occupied' => true, 'subscription_count' => 3])]);

        Canyon::channel('orders');

        Http::assertSent(function (Request $request) {
            parse_str(parse_url($request->url(), PHP_URL_QUERY), $query);
            $signature = $query['auth_signature'];
            unset($query['auth_signature']);
            ksort($query);
            $text = "GET\n/apps/4242/channels/orders\n".urldecode(http_build_query($query));

            return str_starts_with($request->url(), 'http://127.0.0.1:8080/apps/4242/channels/orders?')
                && $query['info'] === 'subscription_count'
                && abs($query['auth_timestamp'] - time()) < 60
                && $signature === hash_hmac('sha256', $text, '7ad3773142a6692b25b8');
        });
    }

    public function test_the_channels_are_listed_with_their_sizes(): void
    {
        Http::fake([
            '*filter_by_prefix=presence-*' => Http::response(['channels' => ['presence-room' => ['subscription_count' => 3, 'user_count' => 2]]]),
            '*' => Http::response(['channels' => ['orders' => ['subscription_count' => 1], 'presence-room' => ['subscription_count' => 3], '7' => ['subscription_count' => 2]]]),
        ]);

        $channels = Canyon::channels();

        $this->assertSame(['7', 'orders', 'presence-room'], $channels->pluck('name')->all());
        $this->assertSame([2, 1, 3], $channels->pluck('subscriptionCount')->all());
        $this->assertSame([null, null, 2], $channels->pluck('userCount')->all());
        $this->assertTrue($channels->last()->isPresence());
    }

    public function test_the_last_seconds_are_typed(): void
    {
        Http::fake(['*/apps/4242/history?*' => Http::response(['interval_ms' => 1000, 'workers' => 2, 'fields' => ['time_ms', 'connections', 'events_from_queue', 'events_from_http', 'events_from_clients', 'deliveries', 'queue_age_ms', 'worker_load', 'new_one'], 'samples' => [
            [1700000000000, 3, 5, 1, 2, 24, null, [0.25, null], 7],
            [1700000001000, 4, 0, 0, 0, 0, 12, [0, 0], 8],
        ]])]);

        $history = Canyon::history(60);
        $sample = $history->samples()->first();

        Http::assertSent(static fn (Request $request) => $request['seconds'] === '60');
        $this->assertSame([1000, 2, [1700000000000, 1700000001000]], [$history->intervalMs, $history->workers, $history->samples()->pluck('timeMs')->all()]);
        $this->assertSame([3, 8, 24, null, null, [0.25, null]], [$sample->connections, $sample->events(), $sample->deliveries, $sample->queueAgeMs, $sample->subscriptions, $sample->workerLoad()]);
        $this->assertSame(7, $sample->values['new_one']);
    }

    public function test_what_keeps_the_server_busy_is_typed(): void
    {
        Http::fake(['*/apps/4242/top?*' => Http::response([
            'version' => '1.2.3', 'uptime_ms' => 61000, 'watching_ms' => 1000, 'sample' => ['time_ms' => 5, 'deliveries' => 9],
            'channels' => [['name' => 'presence-room', 'kind' => 'presence', 'subscriptions' => 10, 'members' => 7, 'events' => 12, 'deliveries' => 120.0, 'bytes' => 9000]],
            'clients' => [['socket_id' => '1.2', 'user_id' => null, 'unsent_bytes' => 100000, 'stalled_ms' => 800, 'subscriptions' => 3]],
            'refusals' => [['id' => 4, 'time_ms' => 6, 'what' => 'subscription', 'code' => null, 'why' => 'Invalid signature', 'channel' => 'private-x', 'socket_id' => '1.2', 'count' => 3]],
        ])]);

        $top = Canyon::top(5, 'deliveries');

        Http::assertSent(static fn (Request $request) => $request['limit'] === '5' && $request['sort'] === 'deliveries');
        $this->assertSame(['1.2.3', 61000, 1000, 9], [$top->version(), $top->uptimeMs(), $top->watchingMs(), $top->sample()->deliveries]);
        $this->assertEquals([['presence-room', 10, 7, 12.0, 120.0, 9000.0]], $top->channels()->map(static fn ($channel) => array_values((array) $channel))->all());
        $this->assertSame([['1.2', null, 100000, 800, 3]], $top->clients()->map(static fn ($client) => array_values((array) $client))->all());
        $this->assertSame([[6, 'subscription', null, 'Invalid signature', 'private-x', '1.2', 3]], $top->refusals()->map(static fn ($refusal) => array_values((array) $refusal))->all());
    }

    #[DataProvider('prefixes')]
    public function test_users_are_counted_where_there_can_be_any(string $prefix, array $expected): void
    {
        Http::fake(['*' => Http::response(['channels' => []])]);

        Canyon::channels($prefix);

        $asked = Http::recorded()->map(function (array $pair) {
            parse_str(parse_url($pair[0]->url(), PHP_URL_QUERY), $query);

            return [$query['filter_by_prefix'] ?? '', $query['info']];
        });

        $this->assertSame($expected, $asked->all());
    }

    public static function prefixes(): iterable
    {
        yield 'all' => ['', [['presence-', 'subscription_count,user_count'], ['', 'subscription_count']]];
        yield 'a part' => ['pre', [['presence-', 'subscription_count,user_count'], ['pre', 'subscription_count']]];
        yield 'presence' => ['presence-room.', [['presence-room.', 'subscription_count,user_count']]];
        yield 'private' => ['private-', [['private-', 'subscription_count']]];
    }

    public function test_a_channel_can_be_named_as_in_an_event(): void
    {
        Http::fake(['*/channels/presence-room.7?*' => Http::response(['occupied' => true, 'subscription_count' => 3, 'user_count' => 2])]);

        $channel = Canyon::channel(new PresenceChannel('room.7'));

        $this->assertSame(['presence-room.7', 3, 2, true], [$channel->name, $channel->subscriptionCount, $channel->userCount, $channel->isOccupied()]);
    }

    public function test_the_members_have_ids(): void
    {
        Http::fake(['*/channels/presence-room/users?*' => Http::response(['users' => [['id' => '1'], ['id' => 'ada']]])]);

        $this->assertSame(['1', 'ada'], Canyon::members('presence-room')->pluck('id')->all());
    }

    #[DataProvider('users')]
    public function test_a_user_is_a_model_or_an_id(mixed $user, string $path): void
    {
        Http::fake(["*/apps/4242/users/{$path}?*" => Http::response(['online' => true, 'connections' => 2, 'channels' => ['presence-room']])]);

        $this->assertTrue(Canyon::isOnline($user));

        $asked = Canyon::user($user);
        $this->assertSame([rawurldecode($path), true, 2, ['presence-room']], [$asked->id, $asked->online, $asked->connections, $asked->channels]);
    }

    public static function users(): iterable
    {
        yield 'number' => [31, '31'];
        yield 'text' => ['ada/1 #ü', rawurlencode('ada/1 #ü')];
        yield 'model' => [(new User)->forceFill(['id' => 31]), '31'];
        yield 'model with an ID for broadcasting' => [new class extends User
        {
            public function getAuthIdentifierForBroadcasting(): string
            {
                return 'u-31';
            }
        }, 'u-31'];
    }

    #[DataProvider('nobodies')]
    public function test_what_names_nobody_is_refused_before_anything_is_asked(mixed $nobody): void
    {
        Http::fake();

        try {
            Canyon::terminate($nobody);
            $this->fail('It should be refused.');
        } catch (InvalidArgumentException $e) {
            $this->assertStringContainsString('by its ID, not by ['.get_debug_type($nobody).']', $e->getMessage());
        }

        Http::assertNothingSent();
    }

    public static function nobodies(): iterable
    {
        return [[''], [null], [[31]], [new User]];
    }

    public function test_a_user_is_terminated(): void
    {
        Http::fake(['*' => Http::response('{}')]);

        Canyon::terminate(31);

        Http::assertSent(static fn (Request $request) => $request->method() === 'POST'
            && $request->body() === '{}'
            && str_contains($request->url(), '/apps/4242/users/31/terminate_connections?')
            && str_contains($request->url(), 'body_md5='.md5('{}')));
    }

    public function test_the_connections_are_counted(): void
    {
        Http::fake(['*/apps/4242/connections?*' => Http::response(['connections' => 12])]);

        $this->assertSame(12, Canyon::connections());
    }

    public function test_rates_are_taken_from_the_clock_of_the_server(): void
    {
        $status = static fn (int $uptime, int $deliveries) => ['version' => '0.1.0', 'uptime_ms' => $uptime, 'connections' => 3, 'channels' => 2, 'users' => 1, 'counts' => ['deliveries' => $deliveries]];
        Http::fake(['*' => Http::sequence([Http::response($status(1000, 10)), Http::response($status(3000, 50)), Http::response($status(500, 0))])]);

        $first = Canyon::status();
        $second = Canyon::status();

        $this->assertSame(['0.1.0', 1000, 3, 2, 1, 10, 0], [$first->version, $first->uptimeMs, $first->connections, $first->channels, $first->users, $first->count('deliveries'), $first->count('unheard_of')]);
        $this->assertSame(['deliveries' => 20.0], $second->ratesSince($first));
        $this->assertSame(['deliveries' => 0.0], Canyon::status()->ratesSince($second), 'Another server was started in between.');
    }

    public function test_a_broadcasting_connection_has_its_own_server(): void
    {
        config(['broadcasting.connections.second' => [
            'driver' => 'canyon',
            'app' => ['id' => '99', 'key' => 'second-key', 'secret' => 'second-secret'],
            'http' => ['host' => 'ws.example.com', 'scheme' => 'https', 'port' => 443],
            'server' => ['path_prefix' => 'ws'],
        ]]);
        Http::fake(['https://ws.example.com/ws/apps/99/connections?auth_key=second-key&*' => Http::response(['connections' => 5])]);

        $this->assertSame(5, Canyon::connection('second')->connections());

        config(['broadcasting.default' => 'second']);
        $this->assertSame(5, Canyon::connections(), 'The default broadcasting connection is asked.');
    }

    #[DataProvider('otherConnections')]
    public function test_other_connections_are_refused(string $name, string $message): void
    {
        config(['broadcasting.connections.logged' => ['driver' => 'log']]);

        $this->expectException(InvalidArgumentException::class);
        $this->expectExceptionMessage($message);

        Canyon::connection($name);
    }

    public static function otherConnections(): iterable
    {
        yield 'unknown' => ['nowhere', 'Broadcast connection [nowhere] is not defined.'];
        yield 'of another driver' => ['logged', "Broadcast connection [logged] is not one of Canyon's: its driver is [log]."];
    }

    #[DataProvider('refusals')]
    public function test_a_refusal_says_what_to_do(int $status, string $body, string $message): void
    {
        Http::fake(['*' => Http::response($body, $status)]);

        try {
            Canyon::members('orders');
            $this->fail('It should be refused.');
        } catch (RequestRefused $e) {
            $this->assertInstanceOf(Exception::class, $e);
            $this->assertSame($status, $e->status);
            $this->assertStringContainsString($message, $e->getMessage());
            $this->assertStringContainsString('http://127.0.0.1:8080', $e->getMessage());
        }
    }

    public static function refusals(): iterable
    {
        yield 'of the request' => [400, "Users can only be retrieved for presence channels\n", 'with status 400: Users can only be retrieved for presence channels'];
        yield 'of the signature' => [401, 'Invalid signature', 'CANYON_APP_SECRET'];
        yield 'of the app' => [404, 'No app has the id 4242', 'CANYON_APP_ID'];
        yield 'a redirection' => [302, '', 'Redirections are not followed'];
        yield 'something else' => [200, '<html></html>', 'is not a Canyon server: <html></html>'];
    }

    public function test_a_proxy_without_a_server_is_told_apart(): void
    {
        Http::fake(['*' => Http::response('<html>502 Bad Gateway</html>', 502)]);

        $this->expectException(ServerUnreachable::class);
        $this->expectExceptionMessage('a proxy answers with status 502, but not the Canyon server behind it');

        Canyon::connections();
    }

    public function test_the_alias_is_registered_for_every_application(): void
    {
        $composer = json_decode(file_get_contents(dirname(__DIR__, 3).'/composer.json'), true);

        $this->assertSame(['Canyon' => Canyon::class], $composer['extra']['laravel']['aliases']);
    }
}
