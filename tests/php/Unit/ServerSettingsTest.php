<?php

namespace Canyon\Tests\Unit;

use Canyon\InvalidConfiguration;
use Canyon\ServerSettings;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

final class ServerSettingsTest extends TestCase
{
    private array $config = [
        'app' => [
            'id' => 4242,
            'key' => 'key',
            'secret' => 'secret',
            'client_events' => 'members',
            'subscription_counts' => 'true',
            'allowed_origins' => ['example.com', ' *.example.org ', ''],
            'activity_timeout' => '50',
            'max_connections' => '0',
            'max_event_bytes' => 1048576,
        ],
        'server' => ['host' => '0.0.0.0', 'port' => '8080', 'listen' => [''], 'path_prefix' => '/ws'],
        'queue' => '/dev/shm/canyon-test',
    ];

    public function test_the_configuration_becomes_the_settings_of_the_server(): void
    {
        $this->assertSame([
            'listen' => ['0.0.0.0:8080'],
            'queue' => '/dev/shm/canyon-test',
            'path_prefix' => '/ws',
            'app' => [[
                'id' => '4242',
                'key' => 'key',
                'secret' => 'secret',
                'subscription_counts' => true,
                'activity_timeout' => 50,
                'max_connections' => 0,
                'max_event_bytes' => 1048576,
                'client_events' => 'members',
                'allowed_origins' => ['example.com', '*.example.org'],
            ]],
        ], (new ServerSettings($this->config))->toArray());
    }

    public function test_what_is_not_configured_is_left_to_the_server(): void
    {
        $settings = (new ServerSettings(['app' => ['id' => 'a', 'key' => 'k', 'secret' => 's'], 'queue' => '/q']))->toArray();

        $this->assertSame(['id' => 'a', 'key' => 'k', 'secret' => 's'], $settings['app'][0]);
        $this->assertSame(['listen', 'queue', 'app'], array_keys($settings));
    }

    public function test_a_group_that_shares_the_queue_directory_is_handed_over(): void
    {
        $settings = (new ServerSettings(['queue_group' => 'www-data'] + $this->config))->toArray();

        $this->assertSame('www-data', $settings['queue_group']);
        $this->assertArrayNotHasKey('queue_group', (new ServerSettings(['queue_group' => ''] + $this->config))->toArray());
    }

    public function test_how_long_events_wait_is_handed_over(): void
    {
        $server = ['max_age' => '60', 'start_hold' => 0] + $this->config['server'];
        $settings = (new ServerSettings(['server' => $server] + $this->config))->toArray();

        $this->assertSame([60, 0], [$settings['max_age'], $settings['start_hold']]);
        $this->assertArrayNotHasKey('max_age', (new ServerSettings(['server' => ['max_age' => ''] + $server] + $this->config))->toArray());
    }

    public function test_what_an_operator_wants_to_see_is_handed_over(): void
    {
        $monitoring = ['metrics' => '127.0.0.1:9090', 'metrics_token' => 'sixteen-letters-or-more', 'log_format' => 'json', 'log_level' => 'warn'];
        $config = ['server' => ['drain_seconds' => '30'] + $this->config['server']] + $monitoring + $this->config;
        $settings = (new ServerSettings($config))->toArray();

        $this->assertSame($monitoring + ['drain_seconds' => 30], array_intersect_key($settings, ['drain_seconds' => 0] + $monitoring));
    }

    public function test_limits_are_handed_over(): void
    {
        $handedOver = fn (array $limits) => array_diff_key((new ServerSettings(['limits' => $limits] + $this->config))->toArray(), ['listen' => 0, 'queue' => 0, 'path_prefix' => 0, 'app' => 0]);

        $this->assertSame(
            ['trusted_proxies' => ['10.0.0.0/8', 'unix'], 'max_connections_per_address' => 100, 'max_bytes_per_second' => 0],
            $handedOver(['trusted_proxies' => ['10.0.0.0/8', ' unix', ''], 'max_connections_per_address' => '100', 'max_bytes_per_second' => 0, 'max_outbox_bytes' => null]),
        );
        $this->assertSame([], $handedOver(['trusted_proxies' => ['']]));
    }

    public function test_one_certificate_or_several_are_handed_over(): void
    {
        [$one, $other] = [['certificate' => '/c.pem', 'key' => '/k.pem'], ['certificate' => '/d.pem', 'key' => '/l.pem']];
        $handedOver = fn (mixed $tls) => (new ServerSettings(['server' => ['tls' => $tls] + $this->config['server']] + $this->config))->toArray()['tls'] ?? null;

        $this->assertSame([$one], $handedOver($one));
        $this->assertSame([$one, $other], $handedOver([$one, $other]));
        $this->assertNull($handedOver(['certificate' => '', 'key' => null]));
        $this->assertNull($handedOver(null));
    }

    public function test_endpoints_are_handed_over_beside_the_route_of_the_application(): void
    {
        $own = ['url' => 'https://example.com/canyon/webhooks', 'events' => ['cache_miss']];
        $other = ['url' => 'https://example.org/hook', 'channel_prefix' => 'presence-', 'headers' => ['X-A' => 'b']];
        $config = ['webhooks' => ['endpoints' => ['https://example.net', $other]]] + $this->config;

        $this->assertSame(
            [['url' => 'https://example.net'], $other, $own],
            (new ServerSettings($config, webhooks: [$own]))->toArray()['app'][0]['webhooks'],
        );
    }

    #[DataProvider('addresses')]
    public function test_the_addresses_to_listen_on(array $expected, array $configured, array $listen = [], ?string $host = null, ?string $port = null): void
    {
        $config = ['server' => $configured + $this->config['server']] + $this->config;

        $this->assertSame($expected, (new ServerSettings($config, $listen, $host, $port))->toArray()['listen']);
    }

    public static function addresses(): iterable
    {
        yield 'host and port' => [['127.0.0.1:9000'], ['host' => '127.0.0.1', 'port' => 9000]];
        yield 'an IPv6 host' => [['[::1]:8080'], ['host' => '::1']];
        yield 'the list replaces host and port' => [['unix:/a', '0.0.0.0:80'], ['listen' => ['unix:/a', ' 0.0.0.0:80']]];
        yield 'host and port with TLS' => [['tls:0.0.0.0:8080'], ['tls' => ['certificate' => '/c.pem', 'key' => '/k.pem']]];
        yield 'a list is as it says' => [['0.0.0.0:80', 'tls:[::]:443'], ['tls' => ['certificate' => '/c.pem', 'key' => '/k.pem'], 'listen' => ['0.0.0.0:80', 'tls:[::]:443']]];
        yield '--port' => [['0.0.0.0:0'], [], [], null, '0'];
        yield '--host' => [['127.0.0.1:8080'], [], [], '127.0.0.1'];
        yield '--port replaces the list' => [['0.0.0.0:9000'], ['listen' => ['unix:/a']], [], null, '9000'];
        yield '--listen replaces everything configured' => [['unix:/b'], ['listen' => ['unix:/a']], ['unix:/b']];
        yield '--listen next to --port' => [['unix:/b', '0.0.0.0:9000'], [], ['unix:/b'], null, '9000'];
    }

    #[DataProvider('clientEvents')]
    public function test_client_events_as_reverb_spells_them(string $expected, mixed $configured): void
    {
        $config = ['app' => ['client_events' => $configured] + $this->config['app']] + $this->config;

        $this->assertSame($expected, (new ServerSettings($config))->toArray()['app'][0]['client_events']);
    }

    public static function clientEvents(): iterable
    {
        return [['members', 'members'], ['members', 'all'], ['members', true], ['off', 'off'], ['off', 'none'], ['off', false]];
    }

    #[DataProvider('mistakes')]
    public function test_a_mistake_names_the_option(string $message, array $mistake): void
    {
        $this->expectException(InvalidConfiguration::class);
        $this->expectExceptionMessage($message);

        (new ServerSettings(array_replace_recursive($this->config, $mistake)))->toArray();
    }

    public static function mistakes(): iterable
    {
        yield [' CANYON_SERVER_PORT', ['server' => ['port' => '80a']]];
        yield [' CANYON_SERVER_PORT', ['server' => ['port' => 65536]]];
        yield [' CANYON_SERVER_HOST', ['server' => ['host' => '']]];
        yield ['[app.max_connections]', ['app' => ['max_connections' => '-1']]];
        yield ['[app.max_event_bytes]', ['app' => ['max_event_bytes' => '1MB']]];
        yield ['[server.max_age]', ['server' => ['max_age' => '30s']]];
        yield ['[server.tls] in config/canyon.php must name both', ['server' => ['tls' => ['certificate' => '/c.pem', 'key' => '']]]];
        yield ['[server.tls.key]', ['server' => ['tls' => [['certificate' => '/c.pem', 'key' => true]]]]];
        yield ['[limits.max_frames_per_second]', ['limits' => ['max_frames_per_second' => 'many']]];
        yield ['[server.start_hold]', ['server' => ['start_hold' => -1]]];
        yield ['[app.activity_timeout]', ['app' => ['activity_timeout' => 2.5]]];
        yield ['[app.subscription_counts]', ['app' => ['subscription_counts' => 'often']]];
        yield ['[app.watchlist]', ['app' => ['watchlist' => 2]]];
        yield ['[server.workers]', ['server' => ['workers' => 'all']]];
        yield ['[server.path_prefix]', ['server' => ['path_prefix' => ['/ws']]]];
        yield ['[queue_group]', ['queue_group' => true]];
        yield ['[webhooks.endpoints] in config/canyon.php must be a list of endpoints, each with its "url"', ['webhooks' => ['endpoints' => [['events' => []]]]]];
        yield ['[webhooks.endpoints]', ['webhooks' => ['endpoints' => [7]]]];
        yield ['[app.client_events]', ['app' => ['client_events' => 'friends']]];
        yield ['CANYON_APP_SECRET', ['app' => ['secret' => null]]];
    }
}
