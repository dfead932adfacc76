<?php

namespace Canyon\Tests\Feature;

use Canyon\Tests\TestCase;

final class ConfigurationTest extends TestCase
{
    public function test_the_defaults(): void
    {
        $this->assertSame([
            'app' => [
                'id' => '4242',
                'key' => '278d425bdf160c739803',
                'secret' => '7ad3773142a6692b25b8',
                'enabled' => true,
                'requires_tls' => false,
                'allowed_origins' => ['*'],
                'client_events' => 'members',
                'client_event_rate' => 60,
                'subscription_counts' => false,
                'user_authentication' => true,
                'watchlist' => false,
                'activity_timeout' => 50,
                'authorization_timeout' => 0,
                'max_connections' => 0,
                'max_subscriptions_per_connection' => 5000,
                'max_event_bytes' => 1048576,
                'max_channels_per_event' => 100,
                'max_batch_size' => 10,
                'max_channel_name_length' => 164,
                'max_presence_members' => 10000,
                'max_presence_bytes' => 10240,
            ],
            'server' => ['host' => '0.0.0.0', 'port' => 8080, 'listen' => [''], 'tls' => ['certificate' => null, 'key' => null], 'path_prefix' => '', 'max_age' => 30, 'start_hold' => 2, 'send_timeout' => 10, 'workers' => null, 'drain_seconds' => 0, 'binary' => null],
            'limits' => ['trusted_proxies' => ['loopback', 'unix'], 'max_connections_per_address' => 10000, 'connects_per_second_per_address' => 200, 'max_frames_per_second' => 1000, 'max_bytes_per_second' => 1048576, 'max_outbox_bytes' => null],
            'metrics' => null,
            'metrics_token' => null,
            'log_format' => 'text',
            'log_level' => 'info',
            'queue' => null,
            'queue_group' => null,
            'queue_owner' => null,
            'dashboard' => ['enabled' => true, 'path' => 'canyon', 'domain' => null, 'middleware' => ['web'], 'payloads' => null, 'sender' => null, 'debugger' => null, 'websocket' => null],
            'webhooks' => ['path' => 'canyon/webhooks', 'url' => null, 'events' => null, 'endpoints' => []],
            'auth_batch_size' => 100,
            'transport' => 'auto',
            'ffi_library' => null,
            'immediate' => true,
            'options' => ['encryption_master_key_base64' => null],
            'on_full' => null,
            'http' => ['host' => '127.0.0.1', 'port' => 8080, 'scheme' => 'http', 'connect_timeout' => 2, 'timeout' => 2],
            'health' => null,
        ], config('canyon'));
    }

    public function test_the_variables_of_reverb_are_understood(): void
    {
        $this->reboot([
            'REVERB_APP_ID' => '7',
            'REVERB_APP_KEY' => 'reverb-key',
            'REVERB_APP_SECRET' => 'reverb-secret',
            'REVERB_APP_ACCEPT_CLIENT_EVENTS_FROM' => 'all',
            'REVERB_APP_ACTIVITY_TIMEOUT' => '30',
            'REVERB_APP_MAX_CONNECTIONS' => '100',
            'REVERB_HOST' => 'ws.example.com',
            'REVERB_PORT' => '443',
            'REVERB_SCHEME' => 'https',
            'REVERB_SERVER_HOST' => '127.0.0.1',
            'REVERB_SERVER_PORT' => '9000',
            'REVERB_SERVER_PATH' => '/ws',
        ], without: ['CANYON_APP_ID', 'CANYON_APP_KEY', 'CANYON_APP_SECRET']);

        $this->assertSame(['7', 'reverb-key', 'reverb-secret'], [config('canyon.app.id'), config('canyon.app.key'), config('canyon.app.secret')]);
        $this->assertSame(['all', '30', '100'], [config('canyon.app.client_events'), config('canyon.app.activity_timeout'), config('canyon.app.max_connections')]);
        $this->assertSame(['ws.example.com', '443', 'https'], [config('canyon.http.host'), config('canyon.http.port'), config('canyon.http.scheme')]);
        $this->assertSame(['127.0.0.1', '9000', '/ws'], [config('canyon.server.host'), config('canyon.server.port'), config('canyon.server.path_prefix')]);
    }

    public function test_every_option_of_the_app_has_a_variable(): void
    {
        $options = array_keys(config('canyon.app'));
        $variables = array_map(static fn (string $option) => 'CANYON_APP_'.strtoupper($option), $options);

        $this->reboot(array_combine($variables, $options));

        $this->assertEquals(array_combine($options, $options), ['allowed_origins' => implode(',', config('canyon.app.allowed_origins'))] + config('canyon.app'));
    }

    public function test_its_own_variables_win_over_those_of_reverb(): void
    {
        $this->reboot([
            'CANYON_APP_KEY' => 'canyon-key',
            'CANYON_HOST' => 'canyon.example.com',
            'CANYON_LISTEN' => 'unix:/run/canyon/http.sock,0.0.0.0:8080',
            'CANYON_APP_ALLOWED_ORIGINS' => 'example.com,*.example.org',
            'CANYON_QUEUE' => '/srv/queue',
            'REVERB_APP_KEY' => 'reverb-key',
            'REVERB_HOST' => 'reverb.example.com',
        ]);

        $this->assertSame('canyon-key', config('canyon.app.key'));
        $this->assertSame('canyon.example.com', config('canyon.http.host'));
        $this->assertSame(['unix:/run/canyon/http.sock', '0.0.0.0:8080'], config('canyon.server.listen'));
        $this->assertSame(['example.com', '*.example.org'], config('canyon.app.allowed_origins'));
        $this->assertSame('/srv/queue', config('canyon.queue'));
    }
}
