<?php

namespace Canyon\Tests\Server;

use Canyon\Tests\Support\Artisan;
use Canyon\Tests\Support\Port;
use Canyon\Tests\Support\WebSocketClient;
use Canyon\Tests\TestCase;
use Illuminate\Filesystem\Filesystem;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;
use Symfony\Component\Process\Process;

/**
 * Starts a real server with canyon:start, beside an application that broadcasts to it.
 */
#[RequiresPhpExtension('pcntl')]
abstract class ServerTestCase extends TestCase
{
    protected int $port;

    protected string $queue;

    protected ?Process $server = null;

    /**
     * The options of canyon:start that make the server run the way to be tested.
     *
     * @return list<string>
     */
    protected function startOptions(): array
    {
        return [];
    }

    protected function setUp(): void
    {
        $this->port = Port::unused();
        $this->queue = (is_dir('/dev/shm') ? '/dev/shm' : sys_get_temp_dir()).'/canyon-test-'.bin2hex(random_bytes(8));

        $this->environment['CANYON_QUEUE'] = $this->queue;
        $this->environment['CANYON_SERVER_HOST'] = '127.0.0.1';
        $this->environment['CANYON_SERVER_PORT'] = (string) $this->port;
        $this->environment['CANYON_PORT'] = (string) $this->port;

        parent::setUp();
    }

    protected function tearDown(): void
    {
        $this->server?->stop(5);

        parent::tearDown();

        (new Filesystem)->deleteDirectory($this->queue);
    }

    protected function connect(): WebSocketClient
    {
        return new WebSocketClient($this->port, '278d425bdf160c739803');
    }

    protected function authorize(WebSocketClient $client, string $channel): array
    {
        return $this->post('/broadcasting/auth', ['socket_id' => $client->socketId, 'channel_name' => $channel])->assertOk()->json();
    }

    /**
     * @param  list<string>  $options
     */
    protected function start(array $options = []): void
    {
        $this->server = $this->process($options);
        $this->server->start();

        $output = '';
        $ready = $this->server->waitUntil(static function (string $type, string $chunk) use (&$output) {
            return str_contains($output .= $chunk, 'listening on');
        });

        $this->assertTrue($ready, 'The server did not start: '.$output);
    }

    /**
     * @param  list<string>  $options
     */
    protected function process(array $options = []): Process
    {
        return Artisan::process($this->skeleton, ['canyon:start', '--no-ansi', ...$this->startOptions(), ...$options], $this->environment);
    }
}
