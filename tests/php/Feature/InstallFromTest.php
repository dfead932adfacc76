<?php

namespace Canyon\Tests\Feature;

use Canyon\Installer\LaravelFiles;
use Canyon\Tests\Support\InstallableApp;
use Dotenv\Dotenv;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

/**
 * canyon:install in applications that come from Reverb or Pusher.
 */
final class InstallFromTest extends TestCase
{
    private InstallableApp $app;

    protected function tearDown(): void
    {
        $this->app->delete();
    }

    public function test_reverbs_variables_stay_and_are_used(): void
    {
        $this->app = InstallableApp::create('reverb');
        $before = $this->app->read('.env');
        $echo = $this->app->read('resources/js/echo.js');

        $this->app->install('--from=reverb', '--switch');

        $this->assertSame(str_replace('BROADCAST_CONNECTION=reverb', 'BROADCAST_CONNECTION=canyon', $before), $this->app->read('.env'));
        $this->assertSame($echo, $this->app->read('resources/js/echo.js'));
        [$credentials, $host, $driver] = $this->app->config('canyon.app', 'canyon.http.host', 'broadcasting.connections.reverb.driver');
        $this->assertSame(['731946', 'kept-reverb-key', 'kept-reverb-secret'], array_values(array_slice($credentials, 0, 3)));
        $this->assertSame(['ws.harbour.example', 'reverb'], [$host, $driver]);
    }

    public function test_what_reverbs_server_was_told_canyon_is_told_too(): void
    {
        $this->app = InstallableApp::create('reverb');
        $this->app->write('config/reverb.php', <<<'PHP'
            <?php

            return [
                'default' => 'reverb',
                'servers' => ['reverb' => [
                    'host' => '0.0.0.0',
                    'port' => 6001,
                    'path' => '/ws',
                    'options' => ['tls' => ['local_cert' => '/etc/ssl/harbour.pem', 'local_pk' => '/etc/ssl/harbour key.pem']],
                    'scaling' => ['enabled' => true],
                ]],
                'apps' => ['provider' => 'config', 'apps' => [
                    ['key' => 'of-another', 'allowed_origins' => ['other.example']],
                    [
                        'key' => env('REVERB_APP_KEY'),
                        'allowed_origins' => ['harbour.example', '*.harbour.example'],
                        'max_connections' => 500,
                        'accept_client_events_from' => 'none',
                        'rate_limiting' => ['enabled' => true, 'max_attempts' => 60, 'decay_seconds' => 60],
                    ],
                ]],
            ];
            PHP);

        $output = $this->app->install('--switch');

        $this->assertStringContainsString('There are several applications, and canyon:start serves one.', $output);
        $this->assertStringContainsString('Scaling is enabled. Canyon serves clients from one machine;', $output);
        $this->assertStringContainsString('Rate limiting is enabled. Canyon limits what a connection sends in a second: CANYON_MAX_FRAMES_PER_SECOND,', $output);
        $this->assertStringEndsWith(<<<'ENV'

            CANYON_SERVER_PORT=6001
            CANYON_PATH_PREFIX=/ws
            CANYON_TLS_CERTIFICATE=/etc/ssl/harbour.pem
            CANYON_TLS_KEY="/etc/ssl/harbour key.pem"
            CANYON_APP_ALLOWED_ORIGINS="harbour.example,*.harbour.example"
            CANYON_APP_MAX_CONNECTIONS=500
            CANYON_APP_CLIENT_EVENTS=off

            ENV, $this->app->read('.env'));

        $state = $this->app->state();
        $this->assertStringContainsString('Nothing to do but what is left to you above.', $this->app->install());
        $this->assertSame($state, $this->app->state());
        $this->assertSame([['harbour.example', '*.harbour.example'], 'kept-reverb-key'], $this->app->config('canyon.app.allowed_origins', 'canyon.app.key'));
    }

    public function test_credentials_of_canyon_stay_even_if_others_are_asked_for(): void
    {
        $this->app = InstallableApp::create('pusher');
        $this->app->write('.env', $this->app->read('.env')."\nCANYON_APP_KEY=ours\n");

        $this->assertStringContainsString("Canyon has credentials already, so Pusher's are not taken over.", $this->app->install('--from=pusher', '--without-switch'));
        $this->assertStringContainsString("\nCANYON_APP_KEY=ours\n", $this->app->read('.env'));
    }

    public function test_pushers_credentials_are_taken_over_and_its_own_address_is_not(): void
    {
        $this->app = InstallableApp::create('pusher');
        $before = $this->app->read('.env');

        $output = $this->app->install('--from=pusher', '--switch');

        $this->assertStringStartsWith(str_replace('BROADCAST_CONNECTION=pusher', 'BROADCAST_CONNECTION=canyon', $before), $this->app->read('.env'));
        [$credentials, $address] = $this->app->config('canyon.app', 'canyon.http');
        $this->assertSame(['1204812', 'kept-pusher-key', 'kept pusher $ecret'], array_values(array_slice($credentials, 0, 3)));
        $this->assertSame(['localhost', '8080', 'http'], array_values(array_slice($address, 0, 3)));

        // Echo's options are the user's own, so they stay, and it is said what to do.
        $this->assertStringContainsString("authEndpoint: '/realtime/auth'", $this->app->read('resources/js/echo.js'));
        $this->assertStringContainsString('Echo is set up for [pusher], with options of your own. Canyon needs these:', $output);
    }

    public function test_the_address_of_a_server_that_speaks_pushers_protocol_is_taken_over(): void
    {
        $this->app = InstallableApp::create('pusher');
        $this->app->write('.env', str_replace(
            ['PUSHER_HOST=', 'PUSHER_PORT=443', 'PUSHER_SCHEME=https'],
            ['PUSHER_HOST=soketi.example', 'PUSHER_PORT=6001', 'PUSHER_SCHEME=http'], $this->app->read('.env'),
        ));

        $this->app->install('--from=pusher', '--switch');

        [$address, $port] = $this->app->config('canyon.http', 'canyon.server.port');
        $this->assertSame(['soketi.example', '6001', 'http', '6001'], [...array_values(array_slice($address, 0, 3)), $port]);
    }

    public function test_the_script_that_laravel_writes_for_pusher_is_replaced(): void
    {
        $this->app = InstallableApp::create('pusher');
        $stub = (string) LaravelFiles::pusherScript();
        $this->assertNotSame('', $stub);
        $this->app->write('resources/js/echo.js', $stub);

        $this->app->install('--switch');

        $this->assertFileEquals(dirname(__DIR__, 3).'/stubs/install/echo.js', $this->app->path.'/resources/js/echo.js');
    }

    public function test_the_hooks_of_pusher_are_switched_too(): void
    {
        $this->app = InstallableApp::create('vue');
        $script = $this->app->read('resources/js/app.ts')."configureEcho({ broadcaster: \"pusher\" });\n";
        $this->app->write('resources/js/app.ts', $script);

        $this->app->install('--without-switch');
        $this->assertSame($script, $this->app->read('resources/js/app.ts'));

        $this->app->install('--switch');
        $this->assertSame(str_replace('"pusher"', '"reverb"', $script), $this->app->read('resources/js/app.ts'));
    }

    public function test_variables_that_come_from_elsewhere_are_not_asked_for(): void
    {
        $this->app = InstallableApp::create('reverb');
        $environment = Dotenv::parse($this->app->read('.env'));
        $this->app->remove('.env');

        $output = $this->app->artisan(['canyon:install', '--no-interaction', '--from=reverb', '--switch'], $environment)->mustRun()->getOutput();

        $this->assertStringNotContainsString('REVERB_APP', $output);
        $this->assertStringContainsString('BROADCAST_CONNECTION=canyon', $output);
    }

    #[DataProvider('mistakes')]
    public function test_nothing_to_take_over_is_an_error(string $option, string $message): void
    {
        $this->app = InstallableApp::create();
        $state = $this->app->state();

        $process = $this->app->artisan(['canyon:install', '--no-interaction', $option]);

        $this->assertSame(1, $process->run());
        $this->assertStringContainsString($message, preg_replace('/\s+/', ' ', $process->getOutput()));
        $this->assertSame($state, $this->app->state());
    }

    public static function mistakes(): iterable
    {
        return [
            'nothing of Reverb' => ['--from=reverb', "There is nothing to take over: Reverb's variables REVERB_APP_ID, REVERB_APP_KEY and REVERB_APP_SECRET are not all set"],
            'nothing of Pusher' => ['--from=pusher', "There is nothing to take over: Pusher's variables PUSHER_APP_ID"],
            'somebody else' => ['--from=ably', 'There are no credentials to take over from [ably]. The option --from is "reverb" or "pusher".'],
        ];
    }
}
