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
        $this->assertStringContainsString('[make server] in a checkout of Canyon builds it', $output);
        $this->assertStringContainsString('Start the server: php artisan canyon:start --sidecar', $output);
    }

    public function test_without_the_package_manager_everything_else_is_done(): void
    {
        $this->app = InstallableApp::create();

        // Nothing is found in such a path, whatever the machine has.
        $output = $this->app->artisan(['canyon:install', '--no-interaction'], ['PATH' => '/nowhere'], extension: false)->mustRun()->getOutput();

        $this->assertStringContainsString('Run this yourself: [npm install --save-dev --ignore-scripts laravel-echo pusher-js].', $output);
        $this->assertStringContainsString('Canyon installed successfully.', $output);
        $this->assertMatchesRegularExpression('~Look at them pass: https?://\S+/canyon\b~', $output);
        $this->assertStringNotContainsString('DONE', $output);
    }

    public function test_a_cached_configuration_is_pointed_out(): void
    {
        $this->app = InstallableApp::create();
        $this->app->artisan(['config:cache'])->mustRun();

        $this->assertStringContainsString('The configuration is cached. Run [php artisan config:cache]', $this->app->install());
    }
}
