<?php

namespace Canyon\Tests\Feature;

use Canyon\Tests\Fixtures\OrderShipped;
use Canyon\Tests\Support\HttpServer;
use Canyon\Tests\Support\Port;
use Canyon\Tests\TestCase;
use Illuminate\Broadcasting\BroadcastException;
use Symfony\Component\Process\Process;

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
        $this->skipWithExtension();

        broadcast(new OrderShipped(1));
        broadcast(new OrderShipped(2));

        $this->assertCount(2, $this->server->requests());
        $this->assertSame(1, substr_count($this->skeleton->log(), 'The canyon PHP extension is not loaded, so events are broadcast over HTTP'));
        $this->assertStringContainsString("to http://127.0.0.1:{$this->server->port}", $this->skeleton->log());
    }

    public function test_the_log_of_a_web_server_says_so_once_for_all_requests(): void
    {
        $this->skipWithExtension();

        $port = Port::unused();
        $web = new Process([PHP_BINARY, '-S', "127.0.0.1:{$port}", $this->skeleton->path.'/public/index.php'], env: $this->environment + ['CANYON_TESTS' => dirname(__DIR__)]);
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
        $this->skipWithExtension();

        $this->reboot(['CANYON_TRANSPORT' => 'extension']);

        $this->expectException(BroadcastException::class);
        $this->expectExceptionMessage('The canyon PHP extension is not loaded');

        event(new OrderShipped(1));
    }

    public function test_a_transport_that_does_not_exist_is_named(): void
    {
        $this->reboot(['CANYON_TRANSPORT' => 'pigeon']);

        $this->expectException(BroadcastException::class);
        $this->expectExceptionMessage('The Canyon transport [pigeon] is not supported. Set CANYON_TRANSPORT');

        event(new OrderShipped(1));
    }

    private function skipWithExtension(): void
    {
        if (extension_loaded('canyon')) {
            $this->markTestSkipped('The canyon extension is loaded.');
        }
    }
}
