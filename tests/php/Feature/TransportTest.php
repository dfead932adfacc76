<?php

namespace Canyon\Tests\Feature;

use Canyon\Tests\Fixtures\OrderShipped;
use Canyon\Tests\Support\Artisan;
use Canyon\Tests\Support\HttpServer;
use Canyon\Tests\Support\Php;
use Canyon\Tests\Support\Port;
use Canyon\Tests\TestCase;
use Illuminate\Broadcasting\BroadcastException;

final class TransportTest extends TestCase
{
    private HttpServer $server;

    protected function setUp(): void
    {
        $this->server = new HttpServer;
        $this->environment['CANYON_PORT'] = (string) $this->server->port;

        parent::setUp();
    }

    protected function tearDown(): void
    {
        parent::tearDown();

        $this->server->stop();
    }

    public function test_http_is_used_where_the_extension_is_not_loaded_and_the_log_says_so_once(): void
    {
        Artisan::withoutExtension($this->skeleton, ['ship', '1', '2'], $this->environment)->mustRun();

        $this->assertCount(2, $this->server->requests());
        $this->assertSame(1, substr_count($this->skeleton->log(), 'The canyon PHP extension is not loaded, so events are broadcast over HTTP'));
        $this->assertStringContainsString("to http://127.0.0.1:{$this->server->port}", $this->skeleton->log());
    }

    public function test_the_log_of_a_web_server_says_so_once_for_all_requests(): void
    {
        $port = Port::unused();
        $web = Php::withoutExtension(['-S', "127.0.0.1:{$port}", $this->skeleton->path.'/public/index.php'], $this->environment);
        $web->start();
        $web->waitUntil(static fn (string $type, string $output) => str_contains($output, 'started'));

        try {
            foreach ([1, 2, 3] as $order) {
                $this->assertSame('shipped', file_get_contents("http://127.0.0.1:{$port}/ship/{$order}"));
            }
        } finally {
            $web->stop(0);
        }

        $this->assertCount(3, $this->server->requests());
        $this->assertSame(1, substr_count($this->skeleton->log(), 'The canyon PHP extension is not loaded'));
    }

    public function test_http_can_be_chosen_without_a_word(): void
    {
        $this->reboot(['CANYON_TRANSPORT' => 'http']);

        broadcast(new OrderShipped(1));

        $this->assertCount(1, $this->server->requests());
        $this->assertSame('', $this->skeleton->log());
    }

    public function test_the_extension_can_be_required(): void
    {
        $process = Artisan::withoutExtension($this->skeleton, ['ship', '1'], ['CANYON_TRANSPORT' => 'extension'] + $this->environment);

        $this->assertNotSame(0, $process->run());
        $this->assertStringContainsString('The canyon PHP extension is not loaded', $process->getOutput().$process->getErrorOutput());
        $this->assertSame([], $this->server->requests());
    }

    public function test_a_transport_that_does_not_exist_is_named(): void
    {
        $this->reboot(['CANYON_TRANSPORT' => 'pigeon']);

        $this->expectException(BroadcastException::class);
        $this->expectExceptionMessage('The Canyon transport [pigeon] is not supported. Set CANYON_TRANSPORT');

        event(new OrderShipped(1));
    }
}
