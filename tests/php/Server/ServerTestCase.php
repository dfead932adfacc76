<?php

namespace Canyon\Tests\Server;

use Canyon\Tests\Fixtures\ItemUpdated;
use Canyon\Tests\Fixtures\OrderShipped;
use Canyon\Tests\Support\Artisan;
use Canyon\Tests\Support\Port;
use Canyon\Tests\Support\WebSocketClient;
use Canyon\Tests\TestCase;
use Illuminate\Auth\GenericUser;
use Illuminate\Filesystem\Filesystem;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;
use Symfony\Component\Process\Process;

/**
 * What canyon:start and broadcasting do together, whichever way the server runs.
 */
#[RequiresPhpExtension('pcntl')]
abstract class ServerTestCase extends TestCase
{
    private int $port;

    private string $queue;

    private ?Process $server = null;

    /**
     * The options of canyon:start that make the server run the way to be tested.
     *
     * @return list<string>
     */
    abstract protected function startOptions(): array;

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

    public function test_it_says_where_it_listens_and_is_healthy(): void
    {
        $this->start();

        $this->assertStringContainsString("127.0.0.1:{$this->port}", $this->server->getOutput());
        $this->assertStringContainsString('278d425bdf160c739803', $this->server->getOutput());
        $this->assertStringContainsString($this->queue, $this->server->getOutput());
        $this->assertStringNotContainsString('7ad3773142a6692b25b8', $this->server->getOutput().$this->server->getErrorOutput());
        $this->assertStringContainsString(' 200 ', $this->statusLine("tcp://127.0.0.1:{$this->port}", '/up'));
    }

    #[DataProvider('signals')]
    public function test_a_signal_ends_it_in_order(int $signal): void
    {
        $this->start();
        $client = new WebSocketClient($this->port, '278d425bdf160c739803');

        $this->server->signal($signal);

        $this->assertSame(4200, $client->closeCode());
        $this->assertSame(0, $this->server->wait());
        $this->assertFalse(Port::isOpen($this->port));
    }

    public static function signals(): iterable
    {
        return ['SIGTERM' => [15], 'SIGINT' => [2]];
    }

    public function test_it_listens_on_a_unix_socket_and_takes_it_away(): void
    {
        $socket = $this->skeleton->path.'/http.sock';

        $this->start(["--listen=unix:{$socket}"]);

        $this->assertStringContainsString(' 200 ', $this->statusLine("unix://{$socket}", '/up'));
        $this->assertFalse(Port::isOpen($this->port), 'The option replaces what is configured.');

        $this->server->signal(15);

        $this->assertSame(0, $this->server->wait());
        $this->assertFileDoesNotExist($socket);
    }

    public function test_a_port_that_is_taken_is_a_failure_that_names_it(): void
    {
        $taken = stream_socket_server("tcp://127.0.0.1:{$this->port}");

        $process = $this->process();
        $process->run();
        fclose($taken);

        $this->assertNotSame(0, $process->getExitCode());
        $this->assertStringContainsString("127.0.0.1:{$this->port}", $process->getOutput().$process->getErrorOutput());
    }

    #[DataProvider('transports')]
    public function test_an_event_reaches_the_subscribers_except_its_sender(string $transport): void
    {
        $this->startWith($transport);
        $sender = new WebSocketClient($this->port, '278d425bdf160c739803');
        $receiver = new WebSocketClient($this->port, '278d425bdf160c739803');
        $sender->subscribe('orders');
        $receiver->subscribe('orders');
        request()->headers->set('X-Socket-ID', $sender->socketId);

        broadcast(new OrderShipped(7))->toOthers();
        broadcast(new OrderShipped(8));

        $this->assertSame('{"order":7}', $receiver->expect(OrderShipped::class)['data']);
        $this->assertSame('{"order":8}', $receiver->expect(OrderShipped::class)['data']);
        $this->assertSame('{"order":8}', $sender->expect(OrderShipped::class)['data']);
    }

    #[DataProvider('transports')]
    public function test_one_event_reaches_the_subscribers_of_all_its_channels(string $transport): void
    {
        $this->startWith($transport);
        $this->actingAs(new GenericUser(['id' => '31']));
        $client = new WebSocketClient($this->port, '278d425bdf160c739803');
        $client->subscribe('items');
        $client->subscribe('private-orders.31', $this->authorize($client, 'private-orders.31'));

        event(new ItemUpdated('Käse / 🧀', 3));

        $event = $client->expect('item.updated');
        $this->assertSame(['items', '{"name":"Käse / 🧀","quantity":3}'], [$event['channel'], $event['data']]);
    }

    public function test_the_server_accepts_what_the_application_has_signed(): void
    {
        $this->start();
        $this->actingAs(new GenericUser(['id' => '31']));
        $first = new WebSocketClient($this->port, '278d425bdf160c739803');
        $members = $first->subscribe('presence-room.1', $this->authorize($first, 'presence-room.1'));

        $this->assertEquals(['31' => (object) ['name' => 'Zoë', 'tags' => (object) []]], (array) json_decode($members['data'])->presence->hash);

        $this->actingAs(new GenericUser(['id' => '32']));
        $second = new WebSocketClient($this->port, '278d425bdf160c739803');
        $second->subscribe('presence-room.1', $this->authorize($second, 'presence-room.1'));

        $this->assertSame('32', json_decode($first->expect('pusher_internal:member_added')['data'])->user_id);
    }

    public static function transports(): iterable
    {
        return ['extension' => ['extension'], 'http' => ['http']];
    }

    private function authorize(WebSocketClient $client, string $channel): array
    {
        return $this->post('/broadcasting/auth', ['socket_id' => $client->socketId, 'channel_name' => $channel])->assertOk()->json();
    }

    private function startWith(string $transport): void
    {
        if ($transport === 'extension' && ! extension_loaded('canyon')) {
            $this->markTestSkipped('The canyon extension is not loaded.');
        }

        config(['canyon.transport' => $transport]);

        $this->start();
    }

    /**
     * @param  list<string>  $options
     */
    private function start(array $options = []): void
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
    private function process(array $options = []): Process
    {
        return Artisan::process($this->skeleton, ['canyon:start', '--no-ansi', ...$this->startOptions(), ...$options], $this->environment);
    }

    private function statusLine(string $address, string $path): string
    {
        $stream = stream_socket_client($address, $code, $message, 5);
        stream_set_timeout($stream, 10);
        fwrite($stream, "GET {$path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

        return (string) fgets($stream);
    }
}
