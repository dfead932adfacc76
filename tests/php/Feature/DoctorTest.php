<?php

namespace Canyon\Tests\Feature;

use Canyon\Tests\Support\Artisan;
use Canyon\Tests\Support\Doctor;
use Canyon\Tests\Support\Port;
use Canyon\Tests\TestCase;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;

/**
 * What canyon:doctor finds in an application before it asks a server.
 */
final class DoctorTest extends TestCase
{
    private string $path;

    protected function setUp(): void
    {
        $this->path = (string) getenv('PATH');
        $this->environment['CANYON_PORT'] = (string) Port::unused();
        $this->environment['CANYON_QUEUE'] = '/nowhere/canyon-doctor';

        parent::setUp();

        $this->withoutMockingConsoleOutput();
    }

    protected function tearDown(): void
    {
        putenv("PATH={$this->path}");

        parent::tearDown();
    }

    #[DataProvider('credentials')]
    public function test_missing_credentials_are_named_and_nothing_else_is_looked_at(string $part): void
    {
        config(["canyon.app.{$part}" => null]);

        $findings = new Doctor;

        $findings->assertFailed('Credentials', "The Canyon app {$part} is not configured. Set CANYON_APP_".strtoupper($part));
        $this->assertStringNotContainsString('Transport', $findings->output);
    }

    public static function credentials(): iterable
    {
        return ['id' => ['id'], 'key' => ['key'], 'secret' => ['secret']];
    }

    public function test_events_that_go_elsewhere_are_found(): void
    {
        config(['broadcasting.default' => 'log']);

        (new Doctor)->assertFailed('Broadcast connection', 'events go to the connection [log]', 'BROADCAST_CONNECTION=canyon');
    }

    public function test_a_connection_of_another_name_with_settings_of_its_own_is_looked_at(): void
    {
        config([
            'broadcasting.default' => 'second',
            'broadcasting.connections.second' => ['driver' => 'canyon', 'transport' => 'http', 'app' => ['id' => '777']],
        ]);

        $findings = new Doctor;

        $findings->assertPassed('Broadcast connection', 'second');
        $findings->assertPassed('Credentials', 'app [777]');
        $findings->assertPassed('Transport', 'http to http://127.0.0.1:');
    }

    public function test_a_transport_that_does_not_exist_is_named(): void
    {
        config(['canyon.transport' => 'pigeon']);

        (new Doctor)->assertFailed('Transport', '[pigeon] is not supported');
    }

    public function test_a_library_that_is_not_there_is_named(): void
    {
        config(['canyon.transport' => 'ffi', 'canyon.ffi_library' => '/nowhere/libcanyon_publish.so']);

        (new Doctor)->assertFailed('Transport', 'There is no library at [/nowhere/libcanyon_publish.so]');
    }

    public function test_without_the_extension_http_is_used_and_it_says_why(): void
    {
        $output = $this->withoutExtension([]);

        $this->assertStringContainsString("http to http://127.0.0.1:{$this->environment['CANYON_PORT']}, because CANYON_TRANSPORT is \"auto\" and the extension is not loaded", $output);
        $this->assertMatchesRegularExpression('/Extension in cli \S+ \.+ WARNING/', $output);
        $this->assertStringContainsString('add [extension=canyon] to that php.ini', $output);
    }

    public function test_a_required_extension_that_is_not_loaded_is_a_failure(): void
    {
        $output = $this->withoutExtension(['CANYON_TRANSPORT' => 'extension']);

        $this->assertMatchesRegularExpression('/Transport \.+ FAILED/', $output);
        $this->assertStringContainsString('The canyon PHP extension is not loaded (cli, ', $output);
    }

    #[RequiresPhpExtension('canyon')]
    public function test_the_extension_of_a_real_php_fpm_is_found(): void
    {
        if (! is_executable($fpm = (string) getenv('PHP84_FPM')) || ! str_starts_with(PHP_VERSION, '8.4.')) {
            $this->markTestSkipped('Needs the php-fpm of tests/setup: set PHP84_FPM to it.');
        }

        putenv('PATH='.dirname($fpm).':'.$this->path);

        (new Doctor)->assertPassed('Extension in PHP-FPM 8.4', "loaded, says [{$fpm} -m]");
    }

    #[DataProvider('interpreters')]
    #[RequiresPhpExtension('canyon')]
    public function test_a_php_fpm_without_the_extension_matters_by_transport(string $transport, string $verdict, string $detail): void
    {
        $this->installFpm(PHP_VERSION, "[PHP Modules]\nCore\njson");
        config(['canyon.transport' => $transport]);

        $findings = new Doctor;

        $findings->{"assert{$verdict}"}('Extension in PHP-FPM '.PHP_MAJOR_VERSION.'.'.PHP_MINOR_VERSION, $detail, '');
    }

    public static function interpreters(): iterable
    {
        yield ['auto', 'Warned', 'web requests publish over HTTP'];
        yield ['extension', 'Failed', 'broadcasting fails in web requests'];
        yield ['ffi', 'Warned', 'ffi.enable=true'];
        yield ['http', 'Passed', 'not needed'];
    }

    public function test_a_php_fpm_of_another_version_says_nothing_about_this_one(): void
    {
        $this->installFpm('5.6.40', "[PHP Modules]\ncanyon");

        (new Doctor)->assertSkipped('Extension in PHP-FPM '.PHP_MAJOR_VERSION.'.'.PHP_MINOR_VERSION, 'no php-fpm of version');
    }

    public function test_another_key_in_the_browser_is_found(): void
    {
        $this->reboot(['VITE_REVERB_APP_KEY' => 'an-old-key']);
        $this->withoutMockingConsoleOutput();

        (new Doctor)->assertFailed("Echo's app key", 'VITE_REVERB_APP_KEY is [an-old-key], and the key of the app is [278d425bdf160c739803]', 'build the assets anew');
    }

    public function test_the_environment_file_counts_where_the_configuration_is_cached(): void
    {
        // Written after the application has read its environment: a cached configuration never reads the file at all.
        file_put_contents($this->skeleton->path.'/.env', "KEY=an-old-key\nVITE_CANYON_APP_KEY=\"\${KEY}\"\nVITE_CANYON_HOST=ws.invalid\nVITE_CANYON_PORT=443\nVITE_CANYON_SCHEME=https\n");

        $findings = new Doctor;

        $findings->assertFailed("Echo's app key", 'VITE_CANYON_APP_KEY is [an-old-key]', '');
        $findings->assertFailed('WebSocket', 'https://ws.invalid:443/app/278d425bdf160c739803', 'VITE_CANYON_HOST');
    }

    public function test_the_same_key_in_the_browser_is_as_it_should_be(): void
    {
        $this->reboot(['VITE_PUSHER_APP_KEY' => '278d425bdf160c739803']);
        $this->withoutMockingConsoleOutput();

        (new Doctor)->assertPassed("Echo's app key", 'VITE_PUSHER_APP_KEY is the key of the app');
    }

    public function test_assets_of_another_key_are_found(): void
    {
        (new Doctor)->assertSkipped('Built assets', 'there are no scripts');

        mkdir($assets = $this->skeleton->path.'/public/build/assets', recursive: true);
        file_put_contents("{$assets}/app-1.js", 'new Echo({key:"an-old-key"})');
        (new Doctor)->assertWarned('Built assets', 'no script holds the key [278d425bdf160c739803]', 'npm run build');

        file_put_contents("{$assets}/app-2.js", 'new Echo({key:"278d425bdf160c739803"})');
        (new Doctor)->assertPassed('Built assets', 'app-2.js holds the key');
    }

    public function test_an_address_that_is_none_is_a_failure_in_words(): void
    {
        (new Doctor(['--url' => 'example.com']))->assertFailed('WebSocket', 'The address [example.com] is not one of a server');

        config(['canyon.http.scheme' => 'gopher']);
        (new Doctor)->assertFailed('HTTP API', 'CANYON_SCHEME');
    }

    /**
     * @param  array<string, string>  $environment
     */
    private function withoutExtension(array $environment): string
    {
        $process = Artisan::withoutExtension($this->skeleton, ['canyon:doctor', '--no-ansi'], $environment + $this->environment);

        $this->assertSame(1, $process->run());

        return $process->getOutput();
    }

    /**
     * Have a php-fpm be found that says this of itself.
     */
    private function installFpm(string $version, string $modules): void
    {
        mkdir($directory = $this->skeleton->path.'/sbin');
        file_put_contents($fpm = $directory.'/php-fpm', "#!/bin/sh\nif [ \"\$1\" = -v ]; then echo 'PHP {$version} (fpm-fcgi)'; else echo '{$modules}'; fi\n");
        chmod($fpm, 0755);
        putenv("PATH={$directory}:{$this->path}");
    }
}
