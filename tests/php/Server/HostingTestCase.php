<?php

namespace Canyon\Tests\Server;

use Canyon\Tests\Fixtures\ItemUpdated;
use Canyon\Tests\Fixtures\OrderShipped;
use Canyon\Tests\Support\Artisan;
use Canyon\Tests\Support\HttpServer;
use Canyon\Tests\Support\Library;
use Canyon\Tests\Support\Port;
use Canyon\Tests\Support\TlsProxy;
use Canyon\Tests\Support\Wait;
use Illuminate\Auth\GenericUser;
use Illuminate\Support\Facades\Broadcast;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;

/**
 * What canyon:start and broadcasting do together, whichever way the server runs.
 */
abstract class HostingTestCase extends ServerTestCase
{
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
        $client = $this->connect();

        $this->server->signal($signal);

        $this->assertSame(4200, $client->closeCode());
        $this->assertSame(0, $this->server->wait());
        $this->assertFalse(Port::isOpen($this->port));
    }

    public static function signals(): iterable
    {
        return ['SIGTERM' => [15], 'SIGINT' => [2]];
    }

    public function test_a_reload_is_noticed_by_nobody(): void
    {
        $this->start();
        $this->actingAs(new GenericUser(['id' => '31']));
        $member = $this->connect();
        $member->subscribe('presence-room.1', $this->authorize($member, 'presence-room.1'));
        $client = $this->connect();
        $client->subscribe('orders');
        config(['canyon.transport' => 'http']);

        foreach (range(1, 3) as $round) {
            $reload = Artisan::process($this->skeleton, ['canyon:reload', '--no-ansi'], $this->environment);

            $this->assertSame(0, $reload->run(), $reload->getOutput().$reload->getErrorOutput().$this->server->getErrorOutput());
            $this->assertStringContainsString('Reloaded: 2 clients were handed over', $reload->getOutput());

            broadcast(new OrderShipped($round));
            $this->assertSame('{"order":'.$round.'}', $client->expect(OrderShipped::class)['data']);
        }

        $member->send('{"event":"pusher:ping","data":{}}');
        $member->expect('pusher:pong');

        $this->server->signal(15);
        $this->assertSame(4200, $client->closeCode());
        $this->assertSame(0, $this->server->wait());
    }

    public function test_a_reload_into_a_mistake_is_refused(): void
    {
        $this->start();
        $client = $this->connect();
        $client->subscribe('orders');
        file_put_contents($this->skeleton->path.'/config/canyon.php', "<?php return ['app' => ['id' => '']];");

        $reload = Artisan::process($this->skeleton, ['canyon:reload', '--no-ansi'], $this->environment);
        $this->assertSame(1, $reload->run(), $reload->getOutput());

        posix_kill($this->server->getPid(), SIGUSR2);
        Wait::until(fn () => str_contains($this->server->getErrorOutput(), 'not reloaded'), $this->server->getErrorOutput(...));

        config(['canyon.transport' => 'http']);
        broadcast(new OrderShipped(1));
        $client->expect(OrderShipped::class);
    }

    public function test_clients_have_until_the_drain_is_over_or_a_second_signal_comes(): void
    {
        $this->environment['CANYON_DRAIN_SECONDS'] = '3600';
        $this->start();
        $clients = [$this->connect(), $this->connect()];

        $this->server->signal(15);
        Wait::until(fn () => ! Port::isOpen($this->port), fn () => $this->server->getErrorOutput());
        $this->assertTrue($this->server->isRunning());
        $this->server->signal(15);

        foreach ($clients as $client) {
            $this->assertSame(4200, $client->closeCode());
        }

        $this->assertSame(0, $this->server->wait());
    }

    public function test_its_metrics_are_where_they_are_configured_to_be_and_its_log_is_json(): void
    {
        $port = Port::unused();
        $this->environment += ['CANYON_METRICS' => "127.0.0.1:{$port}", 'CANYON_LOG_FORMAT' => 'json', 'CANYON_LOG_LEVEL' => 'debug'];

        $this->start();
        $this->connect();

        $this->assertStringContainsString('canyon_connections{app="', (string) file_get_contents("http://127.0.0.1:{$port}/metrics"));
        $this->assertSame('{"ready":true,"reasons":[]}', file_get_contents("http://127.0.0.1:{$port}/ready"));
        $this->server->signal(15);
        $this->assertSame(0, $this->server->wait());
        $this->assertNotEmpty($lines = array_filter(explode("\n", $this->server->getErrorOutput())));
        foreach ($lines as $line) {
            $this->assertArrayHasKey('level', json_decode($line, true, flags: JSON_THROW_ON_ERROR));
        }
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

    public function test_with_a_certificate_it_speaks_tls(): void
    {
        file_put_contents($file = $this->skeleton->path.'/certificate.pem', TlsProxy::makeCertificate());
        $this->environment['CANYON_TLS_CERTIFICATE'] = $this->environment['CANYON_TLS_KEY'] = $file;

        $this->start();

        $stream = stream_socket_client("ssl://127.0.0.1:{$this->port}", $code, $message, 5, STREAM_CLIENT_CONNECT, stream_context_create(['ssl' => ['cafile' => $file]]));
        fwrite($stream, "GET /up HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        $this->assertStringContainsString(' 200 ', (string) fgets($stream));
    }

    public function test_a_configured_endpoint_is_told_what_it_asked_for(): void
    {
        $endpoint = new HttpServer;
        $webhooks = ['endpoints' => [['url' => "http://127.0.0.1:{$endpoint->port}/hook", 'events' => ['channel_occupied'], 'channel_prefix' => 'ord', 'headers' => ['X-Extra' => 'yes']]]];
        file_put_contents($this->skeleton->path.'/config/canyon.php', '<?php return '.var_export(['webhooks' => $webhooks], true).';');

        $this->start();
        $client = $this->connect();
        $client->subscribe('lobby');
        $client->subscribe('orders');
        Wait::until(static fn () => $endpoint->requests() !== [], fn () => $this->server->getErrorOutput());

        [$request] = $endpoint->requests();
        $endpoint->stop();
        $this->assertSame('/hook', $request['path']);
        $this->assertStringContainsStringIgnoringCase("X-Extra: yes\r\n", $request['head']);
        $this->assertSame([['name' => 'channel_occupied', 'channel' => 'orders']], $request['json']['events']);
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
        $sender = $this->connect();
        $receiver = $this->connect();
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
        $client = $this->connect();
        $client->subscribe('items');
        $client->subscribe('private-orders.31', $this->authorize($client, 'private-orders.31'));

        event(new ItemUpdated('Käse / 🧀', 3));

        $event = $client->expect('item.updated');
        $this->assertSame(['items', '{"name":"Käse / 🧀","quantity":3}'], [$event['channel'], $event['data']]);
    }

    #[RequiresPhpExtension('canyon')]
    public function test_what_was_broadcast_before_it_started_waits_for_the_clients_to_come_back(): void
    {
        $this->environment['CANYON_START_HOLD'] = '4';
        config(['canyon.transport' => 'extension']);

        broadcast(new OrderShipped(7));
        broadcast(new OrderShipped(8));
        $this->start();

        $this->assertStringContainsString('2 events waiting: delivery is held for 4 s', $this->server->getErrorOutput());

        $client = $this->connect();
        $client->subscribe('orders');
        config(['canyon.transport' => 'http']);
        Broadcast::purge();
        broadcast(new OrderShipped(9));

        $orders = array_map(static fn () => $client->expect(OrderShipped::class)['data'], range(7, 9));
        $this->assertSame(['{"order":7}', '{"order":8}', '{"order":9}'], $orders);
    }

    #[RequiresPhpExtension('canyon')]
    public function test_what_waited_too_long_is_skipped_and_the_server_says_so(): void
    {
        $this->environment['CANYON_START_HOLD'] = '0';
        $this->environment['CANYON_MAX_AGE'] = '1';
        config(['canyon.transport' => 'extension']);

        broadcast(new OrderShipped(7));
        usleep(1_200_000);
        $this->start();

        $printed = fn () => $this->server->getErrorOutput();
        Wait::until(fn () => str_contains($printed(), '1 event older than 1 s skipped: no server ran meanwhile'), $printed);
    }

    public function test_the_server_accepts_what_the_application_has_signed(): void
    {
        $this->start();
        $this->actingAs(new GenericUser(['id' => '31']));
        $first = $this->connect();
        $members = $first->subscribe('presence-room.1', $this->authorize($first, 'presence-room.1'));

        $this->assertEquals(['31' => (object) ['name' => 'Zoë', 'tags' => (object) []]], (array) json_decode($members['data'])->presence->hash);

        $this->actingAs(new GenericUser(['id' => '32']));
        $second = $this->connect();
        $second->subscribe('presence-room.1', $this->authorize($second, 'presence-room.1'));

        $this->assertSame('32', json_decode($first->expect('pusher_internal:member_added')['data'])->user_id);
    }

    #[DataProvider('views')]
    public function test_the_debug_view_prints_what_happens(array $options, bool $showsPayloads): void
    {
        $this->start($options);
        $client = $this->connect();
        $client->subscribe('items');
        $client->send('{"event":"pusher:subscribe","data":{"channel":"private-orders.31","auth":"278d425bdf160c739803:forged"}}');
        $client->expect('pusher:error');
        $client->expect('pusher:subscription_error');
        config(['canyon.transport' => 'http']);
        event(new ItemUpdated('Käse', 3));
        $client->expect('item.updated');
        $client->disconnect();

        $printed = fn () => $this->server->getErrorOutput();
        Wait::until(fn () => str_contains($printed(), "{$client->socketId} disconnected"), $printed);

        $this->assertMatchesRegularExpression("/{$client->socketId} connected.* 4242/", $printed());
        $this->assertMatchesRegularExpression("/{$client->socketId} subscribed .*items/", $printed());
        $this->assertMatchesRegularExpression("/{$client->socketId} refused: .*private-orders\.31/", $printed());
        $this->assertMatchesRegularExpression('/item\.updated to items .*bytes/', $printed());
        $this->assertSame($showsPayloads, str_contains($printed(), '"name":"Käse"'));
        $this->assertStringNotContainsString('7ad3773142a6692b25b8', $printed());
    }

    public static function views(): iterable
    {
        return ['--debug' => [['--debug'], false], '--payloads' => [['--payloads'], true]];
    }

    public function test_nothing_of_it_is_printed_unasked(): void
    {
        $this->start();
        $client = $this->connect();
        $client->subscribe('items');
        $client->disconnect();
        $this->server->signal(15);

        $this->assertSame(0, $this->server->wait());
        $this->assertStringNotContainsString($client->socketId, $this->server->getOutput().$this->server->getErrorOutput());
    }

    public static function transports(): iterable
    {
        return ['extension' => ['extension'], 'ffi' => ['ffi'], 'http' => ['http']];
    }

    private function startWith(string $transport): void
    {
        if ($transport === 'extension' && ! extension_loaded('canyon')) {
            $this->markTestSkipped('The canyon extension is not loaded.');
        }

        if ($transport === 'ffi') {
            config(['canyon.ffi_library' => Library::path()]);
        }

        config(['canyon.transport' => $transport]);

        $this->start();
    }

    private function statusLine(string $address, string $path): string
    {
        $stream = stream_socket_client($address, $code, $message, 5);
        stream_set_timeout($stream, 10);
        fwrite($stream, "GET {$path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

        return (string) fgets($stream);
    }
}
