<?php

namespace Canyon\Tests\Feature;

use Canyon\Tests\Support\InstallableApp;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

/**
 * canyon:install in applications as people have them, each in a process of its own.
 */
final class InstallTest extends TestCase
{
    private InstallableApp $app;

    protected function tearDown(): void
    {
        $this->app->delete();
    }

    public function test_a_fresh_application_is_ready_to_broadcast(): void
    {
        $this->app = InstallableApp::create();

        $output = $this->app->install();

        $this->assertFileEquals(dirname(__DIR__, 3).'/php/config/canyon.php', $this->app->path.'/config/canyon.php');
        [$broadcasting, $credentials] = $this->app->config('broadcasting', 'canyon.app');
        $this->assertSame(['canyon', ['driver' => 'canyon']], [$broadcasting['default'], $broadcasting['connections']['canyon']]);
        $this->assertMatchesRegularExpression('/^\d{6}$/', (string) $credentials['id']);
        $this->assertMatchesRegularExpression('/^[0-9a-f]{20}$/', $credentials['key']);
        $this->assertMatchesRegularExpression('/^[0-9a-f]{40}$/', $credentials['secret']);

        $this->assertStringContainsString('broadcasting/auth', $this->app->artisan(['route:list'])->mustRun()->getOutput());
        $this->assertStringContainsString("\nimport './echo';\n", $this->app->read('resources/js/bootstrap.js'));
        $this->assertStringContainsString("broadcaster: 'reverb'", $this->app->read('resources/js/echo.js'));

        $this->assertStringContainsString('+CANYON_APP_KEY='.$credentials['key'], $output);
        $this->assertStringContainsString('-BROADCAST_CONNECTION=log', $output);
        $this->assertStringContainsString('+BROADCAST_CONNECTION=canyon', $output);
        $this->assertStringContainsString("+        'canyon' => [", $output);
        $this->assertStringNotContainsString($credentials['secret'], $output);
    }

    public function test_each_application_gets_credentials_of_its_own(): void
    {
        $this->app = InstallableApp::create();
        $this->app->install();
        [$first] = $this->app->config('canyon.app');
        $this->app->delete();

        $this->app = InstallableApp::create();
        $this->app->install();
        [$second] = $this->app->config('canyon.app');

        $this->assertNotSame($first['key'], $second['key']);
        $this->assertNotSame($first['secret'], $second['secret']);
    }

    #[DataProvider('variants')]
    public function test_a_second_run_changes_no_byte(?string $variant, array $options): void
    {
        $this->app = InstallableApp::create($variant);
        $this->app->install(...$options);
        $state = $this->app->state();

        $this->assertStringContainsString('Nothing to do: Canyon is installed.', $this->app->install(...$options));
        $this->assertSame($state, $this->app->state());
    }

    public function test_a_dry_run_says_the_same_and_changes_no_byte(): void
    {
        $this->app = InstallableApp::create('hand-edited');
        $state = $this->app->state();

        $output = $this->app->install('--dry-run');

        $this->assertStringContainsString('Nothing was changed.', $output);
        $this->assertStringContainsString('WOULD BE EDITED', $output);
        $this->assertSame($state, $this->app->state());
    }

    public static function variants(): iterable
    {
        return [
            'fresh' => [null, []],
            'Reverb' => ['reverb', ['--from=reverb', '--switch']],
            'Reverb, kept' => ['reverb', ['--without-switch']],
            'Pusher, kept' => ['pusher', ['--from=pusher', '--without-switch']],
            'edited by hand' => ['hand-edited', []],
            'React' => ['react', []],
            'Vue' => ['vue', []],
            'Laravel 10' => ['legacy', []],
        ];
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
                    ],
                ]],
            ];
            PHP);

        $output = $this->app->install('--switch');

        $this->assertStringContainsString('There are several applications, and canyon:start serves one.', $output);
        $this->assertStringContainsString('Scaling is enabled. Canyon serves clients from one machine;', $output);
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
        $stub = (string) \Canyon\Installer\LaravelFiles::pusherScript();
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

    public function test_a_connection_in_use_is_only_replaced_when_asked_for(): void
    {
        $this->app = InstallableApp::create('reverb');

        $this->assertStringContainsString('BROADCAST_CONNECTION stays [reverb], for nobody can be asked. Run the command with --switch', $this->app->install());
        $this->assertStringContainsString("\nBROADCAST_CONNECTION=reverb\n", $this->app->read('.env'));

        $this->app->install('--switch');
        $this->assertStringContainsString("\nBROADCAST_CONNECTION=canyon\n", $this->app->read('.env'));
    }

    public function test_a_connection_that_is_not_chosen_at_all_is_chosen(): void
    {
        $this->app = InstallableApp::create();
        $this->app->write('.env', str_replace("BROADCAST_CONNECTION=log\n", '', $this->app->read('.env')));

        $this->app->install();

        $this->assertSame(['canyon'], $this->app->config('broadcasting.default'));
    }

    public function test_what_was_written_by_hand_stays(): void
    {
        $this->app = InstallableApp::create('hand-edited');
        $before = array_map($this->app->read(...), $paths = ['.env', 'bootstrap/app.php', 'config/broadcasting.php']);

        $this->app->install();

        $this->assertSame(str_replace(['CANYON_APP_KEY=""', "'null' # quiet", 'LAST=one'], ['CANYON_APP_KEY=', 'canyon # quiet', "LAST=one\r\n"], $before[0]), preg_replace(['/(?<=CANYON_APP_KEY=)[0-9a-f]{20}/', '/\r\nCANYON_APP_ID.*/s'], '', $this->app->read('.env')));
        $this->assertStringContainsString("\r\nCANYON_APP_ID=", $this->app->read('.env'));
        $this->assertDoesNotMatchRegularExpression('/(?<!\r)\n/', $this->app->read('.env'));

        // Taking out what was added gives what was there.
        $this->assertSame($before[1], str_replace("\n\t\tchannels: __DIR__.'/../routes/channels.php',", '', $this->app->read($paths[1])));
        $this->assertSame($before[2], str_replace("\n        'canyon' => [\n            'driver' => 'canyon',\n        ],", '', $this->app->read($paths[2])));

        $this->assertSame([['driver' => 'canyon'], 'canyon'], $this->app->config('broadcasting.connections.canyon', 'broadcasting.default'));
    }

    public function test_a_script_without_semicolons_and_bootstrap_is_extended_in_its_style(): void
    {
        $this->app = InstallableApp::create('hand-edited');
        $this->app->remove('resources/js/bootstrap.js');
        $before = $this->app->read('resources/js/app.js');

        $this->app->install();

        $this->assertSame($before."\nimport \"./echo\"\n", $this->app->read('resources/js/app.js'));
    }

    public function test_a_connection_of_that_name_but_another_driver_stays(): void
    {
        $this->app = InstallableApp::create('reverb');
        $this->app->write('config/broadcasting.php', $config = str_replace("'log' => [", "'canyon' => [", $this->app->read('config/broadcasting.php')));

        $output = $this->app->install('--switch');

        $this->assertSame($config, $this->app->read('config/broadcasting.php'));
        $this->assertStringContainsString("\nBROADCAST_CONNECTION=reverb\n", $this->app->read('.env'));
        $this->assertStringContainsString('A connection of your own has the name [canyon], so it was left alone.', $output);
    }

    public function test_react_and_vue_get_the_hooks_where_they_begin(): void
    {
        foreach (['react' => 'app.tsx', 'vue' => 'app.ts'] as $variant => $entry) {
            $this->app = InstallableApp::create($variant);

            $this->app->install();

            $this->assertStringContainsString("import { configureEcho } from '@laravel/echo-{$variant}';\n\nconfigureEcho({\n    broadcaster: 'reverb',\n});\n\n", $this->app->read("resources/js/{$entry}"));
            $this->assertFalse($this->app->has('resources/js/echo.js'));

            $this->app->delete();
        }
    }

    public function test_a_framework_without_the_usual_file_is_told_what_to_add(): void
    {
        $this->app = InstallableApp::create('react');
        $this->app->remove('resources/js/app.tsx');
        $this->app->remove('resources/js/app.js');

        $this->assertStringContainsString("import { configureEcho } from '@laravel/echo-react';", $this->app->install());
    }

    public function test_typescript_gets_a_typed_script(): void
    {
        $this->app = InstallableApp::create();
        $this->app->remove('resources/js/bootstrap.js');
        $this->app->remove('resources/js/app.js');
        $this->app->write('resources/js/app.ts', "import './bootstrap';\n");

        $this->app->install();

        $this->assertStringContainsString("Echo: Echo<'reverb'>;", $this->app->read('resources/js/echo.ts'));
        $this->assertSame("import './bootstrap';\n\nimport './echo';\n", $this->app->read('resources/js/app.ts'));
    }

    public function test_an_application_without_javascript_gets_none(): void
    {
        $this->app = InstallableApp::create();
        $this->app->remove('package.json');

        $this->app->install();

        $this->assertFalse($this->app->has('resources/js/echo.js'));
    }

    public function test_the_skeleton_of_laravel_10_has_its_provider_enabled(): void
    {
        $this->app = InstallableApp::create('legacy');

        $this->app->install();

        $this->assertStringContainsString("\n        App\\Providers\\BroadcastServiceProvider::class,\n", $this->app->read('config/app.php'));
        $this->assertStringContainsString("\nBROADCAST_DRIVER=canyon\n", $this->app->read('.env'));
        $this->assertStringContainsString('broadcasting/auth', $this->app->artisan(['route:list'])->mustRun()->getOutput());
        $this->assertSame(['canyon'], $this->app->config('broadcasting.default'));
    }

    public function test_without_an_environment_file_it_says_what_to_set(): void
    {
        $this->app = InstallableApp::create();
        $this->app->remove('.env');

        $output = $this->app->install();

        $this->assertFalse($this->app->has('.env'));
        $this->assertMatchesRegularExpression('/CANYON_APP_KEY=[0-9a-f]{20}\s/', $output);
        $this->assertStringContainsString('BROADCAST_CONNECTION=canyon', $output);
    }

    public function test_variables_that_come_from_elsewhere_are_not_asked_for(): void
    {
        $this->app = InstallableApp::create('reverb');
        $environment = \Dotenv\Dotenv::parse($this->app->read('.env'));
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

    public function test_a_file_that_cannot_be_written_is_named_and_the_rest_is_done(): void
    {
        $this->app = InstallableApp::create();
        $this->app->remove('.env');
        symlink('/nowhere/to/write', $this->app->path.'/routes/channels.php');

        $process = $this->app->artisan(['canyon:install', '--no-interaction', '--without-node']);

        $this->assertSame(1, $process->run());
        $this->assertStringContainsString('Could not write [routes/channels.php].', $process->getOutput());
        $this->assertStringContainsString('Not everything could be done.', $process->getOutput());
        $this->assertTrue($this->app->has('resources/js/echo.js'));
    }

    public function test_a_linked_environment_file_stays_a_link(): void
    {
        $this->app = InstallableApp::create();
        rename($this->app->path.'/.env', $this->app->path.'/storage/shared.env');
        symlink('storage/shared.env', $this->app->path.'/.env');
        chmod($this->app->path.'/storage/shared.env', 0640);

        $this->app->install();

        $this->assertTrue(is_link($this->app->path.'/.env'));
        $this->assertStringContainsString('CANYON_APP_ID=', $this->app->read('storage/shared.env'));
        $this->assertSame(0640, fileperms($this->app->path.'/storage/shared.env') & 0777);
    }

    public function test_without_the_extension_it_says_how_to_get_it(): void
    {
        $this->app = InstallableApp::create();

        $output = preg_replace('/\s+/', ' ', $this->app->artisan(['canyon:install', '--no-interaction', '--without-node'], extension: false)->mustRun()->getOutput());

        $this->assertStringContainsString('The canyon extension is not loaded.', $output);
        $this->assertStringContainsString('pie install canyon/ext-canyon', $output);
        $this->assertStringContainsString('make ext PHP=', $output);
        $this->assertStringContainsString('Start the server: php artisan canyon:start --sidecar', $output);
    }

    public function test_without_the_package_manager_everything_else_is_done(): void
    {
        $this->app = InstallableApp::create();

        // Nothing is found in such a path, whatever the machine has.
        $output = $this->app->artisan(['canyon:install', '--no-interaction'], ['PATH' => '/nowhere'], extension: false)->mustRun()->getOutput();

        $this->assertStringContainsString('Run this yourself: [npm install --save-dev --ignore-scripts laravel-echo pusher-js].', $output);
        $this->assertStringContainsString('Canyon installed successfully.', $output);
        $this->assertStringNotContainsString('DONE', $output);
    }

    public function test_a_cached_configuration_is_pointed_out(): void
    {
        $this->app = InstallableApp::create();
        $this->app->artisan(['config:cache'])->mustRun();

        $this->assertStringContainsString('The configuration is cached. Run [php artisan config:cache]', $this->app->install());
    }
}
