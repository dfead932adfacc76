<?php

namespace Canyon\Tests\Server;

use Canyon\Publisher;
use Canyon\Tests\Support\HttpServer;
use Illuminate\Support\Facades\Artisan;
use Illuminate\Support\Sleep;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;

/**
 * What canyon:status says with a real server, and without.
 */
#[RequiresPhpExtension('canyon')]
#[RequiresPhpExtension('curl')]
final class StatusTest extends ServerTestCase
{
    public function test_a_server_at_work_is_described(): void
    {
        $this->start();
        $client = $this->connect();
        $client->subscribe('orders');
        Sleep::fake();
        // Between the two looks.
        Sleep::whenFakingSleep(function () use ($client) {
            usleep(20_000);
            (new Publisher($this->queue, '4242'))->publish('orders', 'E', '{}');
            $client->expect('E');
        });

        [$code, $output] = $this->runStatus();

        $this->assertSame(0, $code, $output);
        $this->assertMatchesRegularExpression('/Version \.+ '.preg_quote(phpversion('canyon')).'$/m', $output);
        $this->assertMatchesRegularExpression('/Running since \.+ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(.+ ago\)$/m', $output);
        $this->assertMatchesRegularExpression('/Connections \.+ 1$/m', $output);
        $this->assertMatchesRegularExpression('/Occupied channels \.+ 1$/m', $output);
        $this->assertMatchesRegularExpression('/Events \.+ \d+\S* from the queue, 0 over HTTP, 0 of clients$/m', $output);
        $this->assertDoesNotMatchRegularExpression('/Events \.+ 0 from the queue/', $output);
        $this->assertMatchesRegularExpression('/Transport \.+ extension$/m', $output);
        $this->assertMatchesRegularExpression('/Queue directory \.+ '.preg_quote($this->queue, '/').'$/m', $output);
        $this->assertMatchesRegularExpression('/Drained \.+ since \d{4}-.* ago\)$/m', $output);
        $this->assertMatchesRegularExpression('/Waiting \.+ nothing$/m', $output);
        $this->assertMatchesRegularExpression('/Queue protocol \.+ version 1$/m', $output);
        $this->assertStringNotContainsString('Lost since', $output);
    }

    public function test_the_same_as_json(): void
    {
        $this->start();
        Sleep::fake();

        [$code, $output] = $this->runStatus(['--json' => true]);
        $status = json_decode($output, true, flags: JSON_THROW_ON_ERROR);

        $this->assertSame(0, $code);
        $this->assertSame([true, [], []], [$status['healthy'], $status['problems'], $status['warnings']]);
        $this->assertSame([phpversion('canyon'), 0, 0], [$status['server']['version'], $status['server']['connections'], $status['server']['counts']['deliveries']]);
        $this->assertSame(array_keys($status['server']['counts']), array_keys($status['server']['rates']));
        $this->assertSame(['extension', phpversion('canyon'), $this->queue, true, 1], [$status['transport'], $status['extension'], $status['queue']['directory'], $status['queue']['server_alive'], $status['queue']['server_protocol_version']]);
        $this->assertStringNotContainsString('7ad3773142a6692b25b8', $output);
    }

    public function test_without_a_server_it_fails_and_says_how_to_start_one(): void
    {
        [$code, $output] = $this->runStatus();

        $this->assertSame(1, $code);
        $this->assertMatchesRegularExpression('/Could not reach the Canyon server at http:\/\/127.0.0.1:\d+ .*\[php artisan canyon:start\]/', $output);
        $this->assertStringContainsString("The queue directory [{$this->queue}] does not exist, so no server drains it.", $output);
        $this->assertDirectoryDoesNotExist($this->queue, 'Looking must not make it.');
    }

    public function test_what_waits_for_a_server_is_told_though_none_runs(): void
    {
        $publisher = new Publisher($this->queue, '4242');
        $publisher->publish('orders', 'E', '{}');
        $publisher->publish('orders', 'E', '{}');

        [$code, $output] = $this->runStatus(['--json' => true]);
        $status = json_decode($output, true, flags: JSON_THROW_ON_ERROR);

        $this->assertSame([1, null, false, 2], [$code, $status['server'], $status['healthy'], $status['queue']['queue_events']]);
        $this->assertGreaterThanOrEqual(0, $status['queue']['queue_oldest_ms']);
        $this->assertStringContainsString("No server drains the queue [{$this->queue}]", $status['problems'][1]);

        [, $output] = $this->runStatus();

        $this->assertMatchesRegularExpression('/Waiting \.+ 2 events, \d+ bytes, the oldest for [\d,]+ ms$/m', $output);
        $this->assertMatchesRegularExpression('/Drained \.+ no$/m', $output);
    }

    public function test_root_does_not_touch_the_queue_of_another_user(): void
    {
        if (posix_geteuid() !== 0) {
            $this->markTestSkipped('Only root can give a directory away.');
        }

        mkdir($this->queue, 0700);
        chown($this->queue, 65534);

        [, $output] = $this->runStatus();

        $this->assertStringContainsString('unknown: this process runs as root, for whom the queue is not meant', $output);
        $this->assertSame(['.', '..'], scandir($this->queue));
    }

    public function test_another_queue_protocol_is_said_plainly(): void
    {
        $this->start();
        $this->server->stop(5);
        // The page's first word is a magic number and the version.
        $page = fopen("{$this->queue}/control", 'r+');
        fwrite($page, pack('V', 9));
        fclose($page);

        [$code, $output] = $this->runStatus();

        $this->assertSame(1, $code);
        $this->assertStringContainsString('The queue cannot be used: ', $output);
        $this->assertStringContainsString('was made by queue protocol version 9, and this is version 1; stop PHP and the server', $output);
    }

    public function test_versions_that_differ_are_a_warning(): void
    {
        $this->start();
        Sleep::fake();
        $other = new HttpServer(['body' => json_encode(['version' => '9.9.9', 'uptime_ms' => 5000, 'connections' => 0, 'channels' => 0, 'users' => 0, 'counts' => ['events_expired' => 1200]])]);
        config(['canyon.http.port' => $other->port]);

        try {
            [$code, $output] = $this->runStatus();
        } finally {
            $other->stop();
        }

        $this->assertSame(0, $code);
        $this->assertStringContainsString('The server has version 9.9.9 and the extension version '.phpversion('canyon'), $output);
        $this->assertMatchesRegularExpression('/Lost since it started.*\n.*Events that waited too long for a server \.+ 1,200$/m', $output);
    }

    public function test_over_http_the_queue_is_of_no_interest(): void
    {
        $this->start();
        Sleep::fake();
        config(['canyon.transport' => 'http']);

        [$code, $output] = $this->runStatus();

        $this->assertSame(0, $code, $output);
        $this->assertMatchesRegularExpression('/Transport \.+ http$/m', $output);
        $this->assertStringNotContainsString('Queue directory', $output);
    }

    public function test_missing_credentials_are_named(): void
    {
        config(['canyon.app.secret' => null]);

        [$code, $output] = $this->runStatus();

        $this->assertSame(1, $code);
        $this->assertStringContainsString('CANYON_APP_SECRET', $output);
    }

    /**
     * @param  array<string, mixed>  $options
     * @return array{int, string}
     */
    private function runStatus(array $options = []): array
    {
        $this->withoutMockingConsoleOutput();
        putenv('COLUMNS=250');

        try {
            return [Artisan::call('canyon:status', $options), preg_replace('/ +$/m', '', Artisan::output())];
        } finally {
            putenv('COLUMNS');
        }
    }
}
