<?php

namespace Canyon\Tests\Server;

use Canyon\Facades\Canyon;
use Canyon\RequestRefused;
use Canyon\ServerUnreachable;
use Canyon\Tests\Support\HttpServer;
use Canyon\Tests\Support\Port;
use Canyon\Tests\Support\Wait;
use Canyon\Tests\Support\WebSocketClient;
use Illuminate\Foundation\Auth\User;
use Illuminate\Support\Facades\Broadcast;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;

/**
 * What the facade learns from a real server.
 */
#[RequiresPhpExtension('canyon')]
#[RequiresPhpExtension('curl')]
final class AskTest extends ServerTestCase
{
    public function test_channels_and_members_are_those_of_the_server(): void
    {
        $this->start();
        [$ada, $grace] = [$this->connect(), $this->connect()];
        $ada->subscribe('orders');
        $grace->subscribe('orders');
        $this->enter($ada, '31');
        $this->enter($grace, '7');

        $this->assertSame(['orders', 'presence-room.1'], Canyon::channels()->pluck('name')->all());
        $this->assertSame([null, 2], Canyon::channels()->pluck('userCount')->all());
        $this->assertSame(['presence-room.1'], Canyon::channels('presence-')->pluck('name')->all());
        $this->assertSame(2, Canyon::channel('orders')->subscriptionCount);
        $this->assertFalse(Canyon::channel('nobody')->isOccupied());
        $this->assertSame(['31', '7'], Canyon::members('presence-room.1')->pluck('id')->all());
        $this->assertSame(2, Canyon::connections());
        $this->assertSame([2, 2], [Canyon::status()->connections, Canyon::status()->channels]);
    }

    public function test_the_last_seconds_and_what_was_refused_are_those_of_the_server(): void
    {
        $this->start();
        $client = $this->connect();
        $client->subscribe('orders');
        $client->send((string) json_encode(['event' => 'pusher:subscribe', 'data' => ['channel' => 'private-orders.31', 'auth' => 'nonsense']]));

        Wait::until(
            static fn () => Canyon::history(60)->samples()->last()?->connections === 1,
            static fn () => 'no second of the history has the connection: '.json_encode(Canyon::history(60)),
        );

        $sample = Canyon::history(1)->samples()->sole();
        $this->assertSame([1, 1], [$sample->subscriptions, $sample->channels]);
        $this->assertCount(Canyon::history()->workers, $sample->workerLoad());
        $this->assertSame(['private-orders.31'], Canyon::top()->refusals()->pluck('channel')->all());
        $this->assertStringContainsString('key:signature', Canyon::top()->refusals()->first()->why);
    }

    public function test_members_and_signed_in_users_are_online(): void
    {
        $this->start();
        [$member, $signedIn] = [$this->connect(), $this->connect()];
        $this->enter($member, '31');
        $this->signIn($signedIn, 'ada/1 ü');

        $this->assertTrue(Canyon::isOnline((new User)->forceFill(['id' => 31])));
        $this->assertSame(['presence-room.1'], Canyon::user(31)->channels);
        $this->assertSame([true, 1], [Canyon::isOnline('ada/1 ü'), Canyon::user('ada/1 ü')->connections]);
        $this->assertFalse(Canyon::isOnline(3));
    }

    public function test_a_terminated_user_is_disconnected_and_nobody_else(): void
    {
        $this->start();
        [$ada, $grace] = [$this->connect(), $this->connect()];
        $this->signIn($ada, '31');
        $this->signIn($grace, '7');

        Canyon::terminate(31);

        $ada->expect('pusher:error');
        $this->assertSame(4009, $ada->closeCode());
        $ada->disconnect();
        Wait::until(static fn () => ! Canyon::isOnline(31), static fn () => 'the user is still online');
        $this->assertTrue(Canyon::isOnline(7));
    }

    public function test_the_unix_socket_is_taken_where_there_is_one(): void
    {
        $socket = "{$this->queue}.sock";
        $this->start(["--listen=unix:{$socket}"]);
        $_ = $this->connectOver($socket);

        // Nobody listens at this port.
        config(['canyon.server.listen' => ['', "unix:{$socket}", 'unix:/nonexistent.sock'], 'canyon.http.port' => Port::unused(), 'canyon.http.scheme' => 'https']);

        $this->assertSame(1, Canyon::connections());
    }

    public function test_without_anybody_at_the_socket_the_address_is_tried(): void
    {
        $this->start();
        $socket = stream_socket_server("unix://{$this->queue}.sock");
        fclose($socket);
        config(['canyon.server.listen' => ["unix:{$this->queue}.sock"]]);

        $this->assertSame(0, Canyon::connections());
    }

    public function test_without_a_server_every_address_is_named_with_the_reason(): void
    {
        $socket = stream_socket_server("unix://{$this->queue}.sock");
        fclose($socket);
        config(['canyon.server.listen' => ["unix:{$this->queue}.sock"]]);

        $this->expectException(ServerUnreachable::class);
        $this->expectExceptionMessageMatches("~at unix:{$this->queue}\\.sock \\(.+\\) and http://127\\.0\\.0\\.1:{$this->port} \\(.*[Cc]onnect.*\\)\\. .*php artisan canyon:start.*CANYON_PORT~");

        Canyon::connections();
    }

    public function test_a_server_that_does_not_answer_is_not_waited_for(): void
    {
        $stranger = new HttpServer(['hang' => true]);
        config(['canyon.http.port' => $stranger->port, 'canyon.http.timeout' => 0.2]);

        try {
            Canyon::connections();
            $this->fail('There is no answer.');
        } catch (ServerUnreachable $e) {
            $this->assertStringContainsString('timed out', $e->getMessage());
        } finally {
            $stranger->stop();
        }
    }

    public function test_another_secret_is_refused_with_what_to_compare(): void
    {
        $this->start();
        config(['canyon.app.secret' => 'another secret']);

        $this->expectException(RequestRefused::class);
        $this->expectExceptionMessageMatches('/status 401: Invalid signature.*CANYON_APP_KEY and CANYON_APP_SECRET/');

        Canyon::connections();
    }

    private function enter(WebSocketClient $client, string $id): void
    {
        $this->actingAs((new User)->forceFill(['id' => $id]));
        $client->subscribe('presence-room.1', $this->authorize($client, 'presence-room.1'));
    }

    private function signIn(WebSocketClient $client, string $id): void
    {
        Broadcast::resolveAuthenticatedUserUsing(static fn () => ['id' => $id]);
        $auth = $this->post('/broadcasting/user-auth', ['socket_id' => $client->socketId])->assertOk()->json();

        $client->send(json_encode(['event' => 'pusher:signin', 'data' => $auth]));
        $client->expect('pusher:signin_success');
    }

    /**
     * @return resource
     */
    private function connectOver(string $socket)
    {
        $stream = stream_socket_client("unix://{$socket}");
        fwrite($stream, "GET /app/278d425bdf160c739803?protocol=7 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        $this->assertStringContainsString(' 101 ', (string) fgets($stream));

        return $stream;
    }
}
