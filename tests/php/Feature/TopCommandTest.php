<?php

namespace Canyon\Tests\Feature;

use Canyon\Tests\Support\Artisan;
use Canyon\Tests\TestCase;
use Illuminate\Support\Facades\Artisan as Console;
use Illuminate\Support\Facades\Http;
use Illuminate\Support\Sleep;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;

final class TopCommandTest extends TestCase
{
    private const ANSWER = [
        'version' => '9.9.9',
        'uptime_ms' => 60_000,
        'sample' => [
            'time_ms' => 1_700_000_063_000, 'connections' => 1200, 'subscriptions' => 3000, 'channels' => 17,
            'events_from_queue' => 40, 'events_from_http' => 2, 'events_from_clients' => 1, 'deliveries' => 5000, 'delivered_bytes' => 1_048_576,
            'dropped' => 0, 'refused' => 1, 'slow_clients_closed' => 0, 'queue_events' => 3, 'queue_age_ms' => null, 'worker_load' => [0.52, null],
        ],
        'channels' => [['name' => "orders\e[2J", 'kind' => 'public', 'subscriptions' => 1000, 'members' => null, 'events' => 12.0, 'deliveries' => 12000.0, 'bytes' => 999]],
        'clients' => [['socket_id' => '1.2', 'user_id' => '<fg=red>7</>', 'unsent_bytes' => 100_000, 'stalled_ms' => 800, 'subscriptions' => 3]],
        'refusals' => [['time_ms' => 1_700_000_060_000, 'what' => 'client_event', 'code' => 4301, 'why' => 'Not a member', 'channel' => 'private-x', 'socket_id' => '1.2', 'count' => 3]],
        'watching_ms' => 5000,
    ];

    private string $path;

    protected function setUp(): void
    {
        parent::setUp();

        // No binary of the machine that runs the tests.
        $this->path = (string) getenv('PATH');
        putenv('PATH=/nowhere');
    }

    protected function tearDown(): void
    {
        putenv("PATH={$this->path}");

        parent::tearDown();
    }

    public function test_without_the_binary_the_figures_are_plain_lines(): void
    {
        Http::fake(['*/apps/4242/top?*' => Http::response(self::ANSWER)]);

        $output = $this->look(['--once' => true, '--limit' => '5', '--sort' => 'deliveries']);

        foreach ([
            'Canyon 9.9.9', '3,000 on 17 channels', '40 from the queue, 2 over HTTP, 1 of clients', '5,000, 1.0 MiB', '3 events, the oldest for - ms',
            '52 %, -', 'Channels, by deliveries', '12,000', '97.7 KiB', '3 s ago: 3 × client event on private-x (4301): Not a member', '<fg=red>7</>', 'orders?[2J',
        ] as $expected) {
            $this->assertStringContainsString($expected, $output);
        }

        $this->assertStringNotContainsString("\e", $output);
        Http::assertSent(static fn ($request) => str_contains($request->url(), 'limit=5') && str_contains($request->url(), 'sort=deliveries'));
    }

    public function test_json_is_what_the_server_answers(): void
    {
        Http::fake(['*' => Http::response(self::ANSWER)]);

        $this->assertSame(json_decode(json_encode(self::ANSWER), true), json_decode($this->look(['--once' => true, '--json' => true]), true));
    }

    public function test_the_first_second_in_which_channels_are_counted_is_waited_for(): void
    {
        Sleep::fake();
        Http::fake(['*' => Http::sequence()->push(['watching_ms' => 0, 'channels' => []] + self::ANSWER)->push(self::ANSWER)]);

        $this->assertStringContainsString('orders', $this->look(['--once' => true]));
        Sleep::assertSleptTimes(1);
    }

    public function test_a_server_that_does_not_answer_is_named(): void
    {
        Http::fake(static fn () => Http::failedConnection());

        $this->artisan('canyon:top', ['--once' => true])->expectsOutputToContain('Could not reach the Canyon server at http://')->assertExitCode(1);
    }

    public function test_options_that_cannot_be_are_named(): void
    {
        foreach (['sort' => 'size', 'limit' => '0', 'interval' => 'often'] as $option => $value) {
            $this->artisan('canyon:top', ["--{$option}" => $value])->expectsOutputToContain("The --{$option} option must be")->assertExitCode(1);
        }
    }

    #[RequiresPhpExtension('pcntl')]
    public function test_the_process_becomes_the_binary_and_the_secret_is_no_argument(): void
    {
        putenv("PATH={$this->path}");
        $process = Artisan::process($this->skeleton, ['canyon:top', '--once', '--json', '--interval=2', '--sort=subscribers'], ['CANYON_BINARY' => dirname(__DIR__).'/Fixtures/binary'] + $this->environment);

        $this->assertSame(0, $process->run(), $process->getOutput().$process->getErrorOutput());
        $this->assertMatchesRegularExpression('~^arguments top --url=http://\S+ --app=4242 --interval=2 --limit=20 --sort=subscribers --once --json$~m', $process->getOutput());
        preg_match('/^settings (.*)$/m', $process->getOutput(), $settings);
        $this->assertSame([['id' => '4242', 'key' => '278d425bdf160c739803', 'secret' => '7ad3773142a6692b25b8']], json_decode($settings[1], true)['app']);
    }

    public function test_a_binary_that_is_not_where_it_should_be_is_named(): void
    {
        $this->reboot(['CANYON_BINARY' => '/nowhere/canyon']);

        $this->artisan('canyon:top')->expectsOutputToContain('There is no executable file at [/nowhere/canyon]')->assertExitCode(1);
    }

    /**
     * @param  array<string, mixed>  $options
     */
    private function look(array $options): string
    {
        $this->withoutMockingConsoleOutput();
        $code = Console::call('canyon:top', $options);
        $output = Console::output();
        $this->assertSame(0, $code, $output);

        return $output;
    }
}
