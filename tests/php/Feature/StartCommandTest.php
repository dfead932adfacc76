<?php

namespace Canyon\Tests\Feature;

use Canyon\Tests\Fixtures\Listeners\FailOccupied;
use Canyon\Tests\Support\Artisan;
use Canyon\Tests\Support\Php;
use Canyon\Tests\TestCase;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;
use Symfony\Component\Process\Process;

/**
 * What canyon:start does before there is a server.
 */
final class StartCommandTest extends TestCase
{
    public function test_without_the_extension_it_says_what_to_do(): void
    {
        $process = Artisan::withoutExtension($this->skeleton, ['canyon:start'], $this->environment);

        $this->assertSame(1, $process->run());
        $this->assertStringContainsString('The canyon PHP extension is not loaded', $process->getOutput());
        $this->assertStringContainsString('[php artisan canyon:start --sidecar]', preg_replace('/\s+/', ' ', $process->getOutput()));
    }

    public function test_missing_credentials_are_named(): void
    {
        $this->reboot(['CANYON_BINARY' => '/nowhere/canyon'], without: ['CANYON_APP_KEY']);

        $this->artisan('canyon:start', ['--sidecar' => true])
            ->expectsOutputToContain('Set CANYON_APP_KEY (or REVERB_APP_KEY)')
            ->assertExitCode(1);
    }

    public function test_a_binary_that_is_not_where_it_should_be_is_named(): void
    {
        $this->reboot(['CANYON_BINARY' => '/nowhere/canyon']);

        $this->artisan('canyon:start', ['--sidecar' => true])
            ->expectsOutputToContain('There is no executable file at [/nowhere/canyon]. Set CANYON_BINARY')
            ->assertExitCode(1);
    }

    public function test_a_binary_that_is_nowhere_is_looked_for_in_vain(): void
    {
        $process = Artisan::withoutExtension($this->skeleton, ['canyon:start', '--sidecar'], ['PATH' => '/nowhere'] + $this->environment);

        $this->assertSame(1, $process->run());
        $this->assertStringContainsString('The canyon binary was found neither in vendor/bin and bin', $process->getOutput());
    }

    #[RequiresPhpExtension('pcntl')]
    public function test_the_process_becomes_the_binary_and_the_secret_is_no_argument(): void
    {
        $process = $this->start(['CANYON_BINARY' => $this->binary()], ['--port=9000', '--listen=unix:/run/canyon.sock']);

        $this->assertSame(0, $process->getExitCode(), $process->getOutput().$process->getErrorOutput());
        $this->assertMatchesRegularExpression('/^process (\d+)$/m', $process->getOutput());
        $this->assertStringContainsString("\narguments serve\n", $process->getOutput());
        preg_match('/^settings (.*)$/m', $process->getOutput(), $settings);

        $this->assertSame([
            'listen' => ['unix:/run/canyon.sock', '0.0.0.0:9000'],
            'queue' => '/srv/queue',
            'log_format' => 'text',
            'log_level' => 'info',
            'max_age' => 30,
            'start_hold' => 2,
            'send_timeout' => 10,
            'drain_seconds' => 0,
            'trusted_proxies' => ['loopback', 'unix'],
            'max_connections_per_address' => 10000,
            'connects_per_second_per_address' => 200,
            'max_frames_per_second' => 1000,
            'max_bytes_per_second' => 1048576,
            'app' => [[
                'id' => '4242',
                'key' => '278d425bdf160c739803',
                'secret' => '7ad3773142a6692b25b8',
                'enabled' => true,
                'requires_tls' => false,
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
                'client_events' => 'members',
                'allowed_origins' => ['*'],
            ]],
        ], json_decode($settings[1], true));
    }

    #[RequiresPhpExtension('pcntl')]
    public function test_the_binary_is_told_to_post_what_the_application_listens_for(): void
    {
        $webhooks = function (array $environment) {
            $output = $this->start(['CANYON_BINARY' => $this->binary(), 'APP_URL' => 'https://user:hush@example.com/'] + $environment)->getOutput();
            preg_match('/^settings (.*)$/m', $output, $settings);

            return [json_decode($settings[1], true)['app'][0]['webhooks'] ?? null, explode("\nprocess ", $output)[0]];
        };

        [$settings, $printed] = $webhooks(['TEST_SUBSCRIBERS' => FailOccupied::class]);

        $this->assertSame([['url' => 'https://user:hush@example.com/canyon/webhooks', 'events' => ['channel_occupied']]], $settings);
        $this->assertStringContainsString('https://example.com/canyon/webhooks (channel_occupied)', $printed);
        $this->assertStringNotContainsString('hush', $printed);

        $this->assertNull($webhooks([])[0], 'Nothing listens.');
        $this->assertNull($webhooks(['TEST_SUBSCRIBERS' => FailOccupied::class, 'CANYON_WEBHOOK_PATH' => ''])[0], 'There is no route.');
        $this->assertSame('http://10.0.0.1/hook?a=b', $webhooks(['TEST_SUBSCRIBERS' => FailOccupied::class, 'CANYON_WEBHOOK_URL' => 'http://10.0.0.1/hook?a=b'])[0][0]['url']);
    }

    #[RequiresPhpExtension('pcntl')]
    public function test_the_binary_is_found_in_the_application(): void
    {
        mkdir($this->skeleton->path.'/vendor/bin', recursive: true);
        copy($this->binary(), $this->skeleton->path.'/vendor/bin/canyon');
        chmod($this->skeleton->path.'/vendor/bin/canyon', 0755);

        $this->assertStringContainsString('arguments serve', $this->start([])->getOutput());
    }

    #[RequiresPhpExtension('pcntl')]
    public function test_the_binary_is_found_in_the_path(): void
    {
        copy($this->binary(), $this->skeleton->path.'/canyon');
        chmod($this->skeleton->path.'/canyon', 0755);

        $this->assertStringContainsString('arguments serve', $this->start(['PATH' => $this->skeleton->path.PATH_SEPARATOR.getenv('PATH')])->getOutput());
    }

    #[RequiresPhpExtension('pcntl')]
    public function test_a_binary_that_cannot_run_says_why(): void
    {
        file_put_contents($this->skeleton->path.'/broken', "\0");
        chmod($this->skeleton->path.'/broken', 0755);

        $process = $this->start(['CANYON_BINARY' => $this->skeleton->path.'/broken']);

        $this->assertSame(1, $process->getExitCode());
        $this->assertStringContainsString('Could not run [broken]: Exec format error', $process->getOutput());
    }

    #[RequiresPhpExtension('pcntl')]
    #[DataProvider('views')]
    public function test_the_debug_view_is_asked_for_in_the_environment(string $expected, array $options): void
    {
        $this->assertStringContainsString("\nlog {$expected}\n", $this->start(['CANYON_BINARY' => $this->binary()], $options)->getOutput());
    }

    public static function views(): iterable
    {
        return [
            'nothing' => ['', []],
            '--debug' => ['info,view=debug', ['--debug']],
            '--debug --payloads' => ['info,view=trace', ['--debug', '--payloads']],
            '--payloads' => ['info,view=trace', ['--payloads']],
        ];
    }

    #[RequiresPhpExtension('pcntl')]
    public function test_what_the_environment_asks_for_stays_and_it_says_so(): void
    {
        $output = $this->start(['CANYON_BINARY' => $this->binary(), 'CANYON_LOG' => 'warn'], ['--debug'])->getOutput();

        $this->assertStringContainsString("\nlog warn\n", $output);
        $this->assertStringContainsString('CANYON_LOG is set to [warn] and decides what is printed.', preg_replace('/\s+/', ' ', $output));
    }

    public function test_without_pcntl_it_says_what_to_run_instead(): void
    {
        $process = Php::withoutExtension(
            ['-d', 'disable_functions=pcntl_exec', $this->skeleton->path.'/artisan', 'canyon:start', '--sidecar'],
            ['CANYON_BINARY' => $this->binary()] + $this->environment,
        );

        $this->assertSame(1, $process->run());
        $this->assertStringContainsString("Replacing this process needs PHP's pcntl extension. Install it, or run [{$this->binary()} serve] yourself", $process->getOutput());
    }

    private function binary(): string
    {
        return dirname(__DIR__).'/Fixtures/binary';
    }

    /**
     * @param  array<string, string>  $environment
     * @param  list<string>  $options
     */
    private function start(array $environment, array $options = []): Process
    {
        $process = Artisan::process($this->skeleton, ['canyon:start', '--sidecar', ...$options], $environment + ['CANYON_QUEUE' => '/srv/queue'] + $this->environment);
        $process->run();

        return $process;
    }
}
