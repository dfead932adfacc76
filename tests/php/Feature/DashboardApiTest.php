<?php

namespace Canyon\Tests\Feature;

use Canyon\Tests\Support\HttpServer;
use Illuminate\Http\Client\ConnectionException;
use Illuminate\Http\Client\Request;
use Illuminate\Support\Facades\Exceptions;
use Illuminate\Support\Facades\Http;
use PHPUnit\Framework\Attributes\DataProvider;

/**
 * What the page of the dashboard asks the application for.
 */
final class DashboardApiTest extends DashboardTestCase
{
    private ?HttpServer $server = null;

    protected function setUp(): void
    {
        $this->environment['CANYON_TRANSPORT'] = 'http';

        parent::setUp();
    }

    protected function tearDown(): void
    {
        $this->server?->stop();

        parent::tearDown();
    }

    public function test_an_encrypted_channel_gets_ciphertext(): void
    {
        $server = $this->server();
        Http::fake(['*' => Http::response(['occupied' => false])]);
        config(['canyon.options.encryption_master_key_base64' => base64_encode(str_repeat('k', 32))]);

        $this->postJson('/canyon/api/send', ['channel' => 'private-encrypted-payroll', 'event' => 'paid', 'data' => '{"sum":7}'])
            ->assertOk()
            ->assertJsonPath('subscriptions', 0);

        $this->assertSame(['nonce', 'ciphertext'], array_keys(json_decode($server->requests()[0]['json']['data'], true)));
    }

    public function test_the_history_is_handed_on_as_the_server_tells_it(): void
    {
        $history = ['interval_ms' => 1000, 'workers' => 2, 'fields' => ['time_ms', 'deliveries', 'worker_load'], 'samples' => [[1700000000000, 12, [0.5, null]]]];
        Http::fake(['*/apps/4242/history?*' => Http::response($history)]);

        $this->get('/canyon/api/history?seconds=60')->assertOk()->assertExactJson($history);

        Http::assertSent(static fn (Request $request) => $request['seconds'] === '60');
    }

    public function test_what_is_busy_is_handed_on(): void
    {
        $top = ['version' => '1.2.3', 'channels' => [['name' => 'orders']], 'refusals' => []];
        Http::fake(['*/apps/4242/top?*' => Http::response($top)]);

        $this->get('/canyon/api/top?limit=5&sort=deliveries')->assertOk()->assertExactJson($top);
        $this->getJson('/canyon/api/top?sort=luck')->assertUnprocessable()->assertJsonValidationErrors(['sort']);

        Http::assertSentCount(1);
        Http::assertSent(static fn (Request $request) => $request['limit'] === '5' && $request['sort'] === 'deliveries');
    }

    public function test_a_server_that_is_away_is_told_to_the_page_and_reported_to_nobody(): void
    {
        Exceptions::fake();
        Http::fake(static fn () => throw new ConnectionException('cURL error 7: Connection refused'));

        foreach (['history', 'top', 'channels', 'channels/orders'] as $path) {
            $this->getJson("/canyon/api/{$path}")
                ->assertStatus(503)
                ->assertJsonPath('unreachable', true)
                ->assertJsonPath('message', fn (string $message) => str_contains($message, 'php artisan canyon:start'));
        }

        Exceptions::assertNothingReported();
    }

    public function test_a_server_that_refuses_is_told_to_the_page_with_advice(): void
    {
        Http::fake(['*' => Http::response('Invalid signature', 401)]);

        $this->getJson('/canyon/api/history')
            ->assertStatus(503)
            ->assertJsonPath('unreachable', false)
            ->assertJsonPath('message', fn (string $message) => str_contains($message, 'CANYON_APP_SECRET'));
    }

    public function test_channels_come_in_pages_without_those_of_the_dashboard(): void
    {
        $this->fakeChannels();

        $page = $this->getJson('/canyon/api/channels?size=3&page=2')->assertOk()->json();
        $this->assertSame([8, 2, 3], [$page['total'], $page['page'], $page['pages']]);
        $this->assertSame(['presence-cache-room', 'presence-room.1', 'private-canyon-42'], array_column($page['channels'], 'name'));
        $this->assertSame(['name' => 'presence-cache-room', 'kind' => 'presence', 'cache' => true, 'subscriptions' => 4, 'members' => 2], $page['channels'][0]);

        // There is no page behind the last one.
        $this->assertSame(['private-encrypted-payroll', 'private-orders.7'], array_column($this->getJson('/canyon/api/channels?size=3&page=99')->json('channels'), 'name'));
        $this->assertSame(['presence-room.1', 'Orders', 'private-canyon-42'], array_slice(array_column($this->getJson('/canyon/api/channels?sort=subscriptions')->json('channels'), 'name'), 0, 3));
    }

    #[DataProvider('searches')]
    public function test_channels_are_found(string $query, array $expected): void
    {
        $this->fakeChannels();

        $this->assertSame($expected, array_column($this->getJson("/canyon/api/channels?{$query}")->assertOk()->json('channels'), 'name'));
    }

    public static function searches(): iterable
    {
        yield 'by a part of the name' => ['search=orders', ['Orders', 'private-orders.7']];
        yield 'public' => ['kind=public', ['Orders', 'cache-weather', 'inventory']];
        yield 'private' => ['kind=private', ['private-canyon-42', 'private-orders.7']];
        yield 'presence' => ['kind=presence', ['presence-cache-room', 'presence-room.1']];
        yield 'encrypted' => ['kind=encrypted', ['private-encrypted-payroll']];
        yield 'cache' => ['kind=cache', ['cache-weather', 'presence-cache-room']];
        yield 'by prefix' => ['prefix=inv', ['inventory']];
        yield 'by prefix and kind' => ['prefix=presence-room&kind=presence', ['presence-room.1']];
        yield 'nothing' => ['search=nowhere', []];
        yield 'the channels of the dashboard' => ['search=canyon', ['private-canyon-42']];
    }

    public function test_a_list_of_a_kind_is_asked_for_by_its_prefix(): void
    {
        $this->fakeChannels();

        $this->getJson('/canyon/api/channels?kind=encrypted');

        Http::assertSent(static fn (Request $request) => $request['filter_by_prefix'] === 'private-encrypted-');
        Http::assertSentCount(1);
        $this->getJson('/canyon/api/channels?kind=blue')->assertUnprocessable();
        $this->getJson('/canyon/api/channels?sort=blue')->assertUnprocessable();
    }

    public function test_a_hundred_thousand_channels_are_a_page_at_a_time(): void
    {
        $names = array_map(static fn (int $number) => "orders.{$number}", range(1, 100_000));
        Http::fake(['*' => Http::response(['channels' => array_fill_keys($names, ['subscription_count' => 1])])]);

        $page = $this->getJson('/canyon/api/channels?search=9&page=2&size=1000')->assertOk()->json();

        $this->assertCount(200, $page['channels']);
        $this->assertSame(count(array_filter($names, static fn (string $name) => str_contains($name, '9'))), $page['total']);
    }

    public function test_a_channel_is_shown_with_its_members(): void
    {
        Http::fake([
            '*/channels/presence-room.1/users?*' => Http::response(['users' => [['id' => '31'], ['id' => '7']]]),
            '*/channels/presence-room.1?*' => Http::response(['occupied' => true, 'subscription_count' => 3, 'user_count' => 2]),
            '*/channels/orders?*' => Http::response(['occupied' => true, 'subscription_count' => 9]),
        ]);

        $this->getJson('/canyon/api/channels/presence-room.1')->assertOk()->assertExactJson([
            'name' => 'presence-room.1', 'kind' => 'presence', 'cache' => false, 'subscriptions' => 3, 'members' => 2, 'member_ids' => ['31', '7'],
        ]);
        $this->getJson('/canyon/api/channels/orders')->assertOk()->assertJsonPath('member_ids', null);
    }

    public function test_the_channels_of_the_dashboard_are_signed(): void
    {
        foreach (['private-canyon-dashboard', 'private-canyon-dashboard-payloads'] as $channel) {
            $this->postJson('/canyon/api/auth', ['socket_id' => '12.34', 'channel_name' => $channel])->assertOk()->assertExactJson([
                'auth' => '278d425bdf160c739803:'.hash_hmac('sha256', "12.34:{$channel}", '7ad3773142a6692b25b8'),
            ]);
        }
    }

    #[DataProvider('strangers')]
    public function test_no_other_channel_is_signed(mixed $channel): void
    {
        $this->postJson('/canyon/api/auth', ['socket_id' => '12.34', 'channel_name' => $channel])->assertForbidden();
    }

    public static function strangers(): iterable
    {
        yield ['private-orders.7'];
        yield ['private-canyon-dashboard-payload'];
        yield ['private-canyon-'];
        yield ['presence-canyon-dashboard'];
        yield [null];
        yield [['private-canyon-dashboard']];
    }

    public function test_a_socket_id_that_no_server_gives_is_signed_for_nothing(): void
    {
        $this->postJson('/canyon/api/auth', ['socket_id' => '1.1::user:', 'channel_name' => 'private-canyon-dashboard'])->assertUnprocessable();
        $this->postJson('/canyon/api/auth', ['channel_name' => 'private-canyon-dashboard'])->assertUnprocessable();
    }

    public function test_payloads_are_signed_for_only_where_they_are_on(): void
    {
        $this->reboot(['CANYON_DASHBOARD_PAYLOADS' => 'false']);

        $this->postJson('/canyon/api/auth', ['socket_id' => '1.1', 'channel_name' => 'private-canyon-dashboard-payloads'])->assertForbidden();
        $this->postJson('/canyon/api/auth', ['socket_id' => '1.1', 'channel_name' => 'private-canyon-dashboard'])->assertOk();
    }

    #[DataProvider('data')]
    public function test_an_event_is_sent_with_its_data_as_it_was_written(string $data): void
    {
        $server = $this->server();
        Http::fake(['*' => Http::response(['occupied' => true, 'subscription_count' => 12])]);

        $this->postJson('/canyon/api/send', ['channel' => ' orders ', 'event' => 'App\Events\Shipped', 'data' => $data])
            ->assertOk()
            ->assertExactJson(['sent' => true, 'subscriptions' => 12]);

        $sent = $server->requests()[0]['json'];
        $this->assertSame(['App\Events\Shipped', $data, ['orders']], [$sent['name'], $sent['data'], $sent['channels']]);
    }

    public static function data(): iterable
    {
        yield ['{}'];
        yield ['[]'];
        yield ['{"a": {"b": {}}, "price": 1.0, "name": "Zoë"}'];
        yield ['"text"'];
        yield ['null'];
        yield ['7'];
    }

    #[DataProvider('mistakes')]
    public function test_what_cannot_be_sent_is_refused_by_field(string $field, string $words, array $input): void
    {
        Http::fake();

        $this->postJson('/canyon/api/send', $input + ['channel' => 'orders', 'event' => 'shipped', 'data' => '{}'])
            ->assertUnprocessable()
            ->assertJsonPath("errors.{$field}", fn (string $message) => str_contains($message, $words));

        Http::assertNothingSent();
    }

    public static function mistakes(): iterable
    {
        yield ['channel', 'letters, digits', ['channel' => '']];
        yield ['channel', 'letters, digits', ['channel' => 'a channel']];
        yield ['channel', 'letters, digits', ['channel' => ['orders']]];
        yield ['channel', 'belongs to the dashboard', ['channel' => 'private-canyon-dashboard']];
        yield ['event', 'name', ['event' => ' ']];
        yield ['data', 'not JSON', ['data' => '{"a":}']];
        yield ['data', 'not JSON', ['data' => '']];
    }

    public function test_what_the_server_does_not_take_is_told(): void
    {
        $this->server(['status' => 413, 'body' => 'The data is too large']);

        $this->postJson('/canyon/api/send', ['channel' => 'orders', 'event' => 'shipped', 'data' => '{}'])
            ->assertUnprocessable()
            ->assertJsonPath('message', fn (string $message) => str_contains($message, 'The data is too large'));
    }

    public function test_nothing_is_sent_where_the_sender_is_off(): void
    {
        $this->reboot(['CANYON_DASHBOARD_SENDER' => 'false']);
        Http::fake();

        $this->postJson('/canyon/api/send', ['channel' => 'orders', 'event' => 'shipped', 'data' => '{}'])
            ->assertForbidden()
            ->assertJsonPath('message', 'This is switched off here. CANYON_DASHBOARD_SENDER=true switches it on.');

        Http::assertNothingSent();
    }

    /**
     * Run a server that the application publishes to.
     *
     * @param  array<string, mixed>  $answer
     */
    private function server(array $answer = []): HttpServer
    {
        $this->server = new HttpServer($answer);
        config(['canyon.http.port' => $this->server->port]);

        return $this->server;
    }

    private function fakeChannels(): void
    {
        $sizes = ['Orders' => 9, 'cache-weather' => 1, 'inventory' => 2, 'presence-cache-room' => 4, 'presence-room.1' => 12, 'private-canyon-42' => 5, 'private-canyon-dashboard' => 1, 'private-encrypted-payroll' => 3, 'private-orders.7' => 5];

        Http::fake(static fn (Request $request) => Http::response(['channels' => array_map(
            static fn (int $size) => ['subscription_count' => $size] + (str_contains($request['info'], 'user_count') ? ['user_count' => 2] : []),
            array_filter($sizes, static fn (string $name) => str_starts_with($name, $request->data()['filter_by_prefix'] ?? ''), ARRAY_FILTER_USE_KEY),
        )]));
    }
}
