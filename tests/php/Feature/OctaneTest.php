<?php

namespace Canyon\Tests\Feature;

use Canyon\Broadcasting\CanyonBroadcaster;
use Canyon\Broadcasting\FallbackNotice;
use Canyon\Events\ChannelOccupied;
use Canyon\Publisher;
use Canyon\Tests\Fixtures\OrderShipped;
use Canyon\Tests\Support\OctaneWorker;
use Canyon\Tests\TestCase;
use Illuminate\Auth\GenericUser;
use Illuminate\Contracts\Broadcasting\Broadcaster;
use Illuminate\Filesystem\Filesystem;
use Illuminate\Support\Facades\Broadcast;
use Illuminate\Support\Facades\Event;
use Illuminate\Support\Facades\Route;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;

/**
 * What is kept from request to request where one application handles many of them.
 */
final class OctaneTest extends TestCase
{
    private const SECRET = '7ad3773142a6692b25b8';

    private string $queue;

    private OctaneWorker $worker;

    private ?Broadcaster $driver = null;

    protected function setUp(): void
    {
        $this->queue = (is_dir('/dev/shm') ? '/dev/shm' : sys_get_temp_dir()).'/canyon-test-'.bin2hex(random_bytes(8));
        $this->environment['CANYON_QUEUE'] = $this->queue;
        // Those that tests like best keep everything in memory.
        $this->environment['CACHE_STORE'] = 'file';
        $this->environment['SESSION_DRIVER'] = 'file';

        parent::setUp();

        Route::get('/ship-as/{id}', static function (string $id) {
            config(['canyon.app' => ['id' => $id, 'key' => "key-{$id}", 'secret' => "secret-{$id}"]]);
            Broadcast::purge();
            broadcast(new OrderShipped(1));

            return 'shipped';
        });
        Route::get('/driver', function () {
            $this->driver = Broadcast::connection();
        });
        Route::get('/configure', static function () {
            config(['canyon.app.secret' => 'of this request', 'canyon.auth_batch_size' => 1, 'canyon.on_full' => 'drop']);
        });

        $this->worker = new OctaneWorker($this->app);
    }

    protected function tearDown(): void
    {
        parent::tearDown();

        (new Filesystem)->deleteDirectory($this->queue);
    }

    #[RequiresPhpExtension('canyon')]
    public function test_many_requests_publish_through_one_ring_and_nothing_grows(): void
    {
        $heard = 0;
        Event::listen(ChannelOccupied::class, function () use (&$heard) {
            $heard++;
        });
        $this->signIn();
        // The first ones load what all of them need.
        $this->memoryAfter(40);
        $driver = $this->driverOfARequest();
        $before = $this->memoryAfter(20);

        $after = $this->memoryAfter(60);

        $this->assertInstanceOf(CanyonBroadcaster::class, $driver);
        $this->assertSame($driver, $this->driverOfARequest());
        $this->assertSame(120, $heard);
        $this->assertCount(1, glob("{$this->queue}/ring.*"));
        $this->assertSame(120, (new Publisher($this->queue, '4242'))->status()['depth_events']);
        $this->assertLessThan(4096, $after - $before, 'Bytes of 240 requests.');
    }

    public function test_the_configuration_of_one_request_does_not_leak_into_the_next(): void
    {
        $this->signIn();
        $this->worker->handle('GET', '/configure');

        $this->assertSame($this->signature('private-orders.31'), $this->authorize('private-orders.31')['auth']);
        $this->assertCount(2, (array) $this->authorizeBatch(['private-orders.31', 'private-orders.32']));
        $this->assertSame(200, $this->hook(self::SECRET));
        $this->assertSame(401, $this->hook('of this request'));
    }

    public function test_the_user_of_one_request_is_not_that_of_the_next(): void
    {
        $this->signIn();
        $this->assertSame($this->signature('private-orders.31'), $this->authorize('private-orders.31')['auth']);

        $this->signIn('32');

        $this->assertArrayNotHasKey('auth', $this->authorize('private-orders.31'));
        $this->assertSame($this->signature('private-orders.32'), $this->authorizeBatch(['private-orders.32'])['private-orders.32']['auth']);
    }

    #[RequiresPhpExtension('canyon')]
    public function test_a_broadcaster_that_a_request_has_made_serves_it_and_outlives_it(): void
    {
        foreach (['7', '8'] as $id) {
            $this->assertSame('shipped', $this->worker->handle('GET', "/ship-as/{$id}")->getContent());
        }

        // The driver of the last request is still there, as with Pusher's; its clone of the application is not.
        $this->assertSame('shipped', $this->worker->handle('GET', '/ship/9')->getContent());
    }

    public function test_the_fallback_to_http_is_logged_though_the_clone_that_made_the_broadcaster_is_gone(): void
    {
        $notice = new FallbackNotice($sandbox = clone $this->app);
        $sandbox->flush();

        $notice('Events take the slower way.');

        $this->assertStringContainsString('Events take the slower way.', $this->skeleton->log());
    }

    private function memoryAfter(int $requests): int
    {
        for ($n = 0; $n < $requests; $n++) {
            $this->assertSame('shipped', $this->worker->handle('GET', "/ship/{$n}")->getContent());
            $this->assertArrayHasKey('auth', $this->authorize('private-orders.31'));
            $this->assertCount(2, $this->authorizeBatch(['private-orders.31', 'presence-room.1']));
            $this->assertSame(200, $this->hook(self::SECRET));
        }

        gc_collect_cycles();

        return memory_get_usage();
    }

    /**
     * Between requests the manager has the application of the last one, which is empty by then.
     */
    private function driverOfARequest(): Broadcaster
    {
        $this->worker->handle('GET', '/driver');

        return $this->driver;
    }

    /**
     * Have this user be signed in from now on.
     */
    private function signIn(string $id = '31'): void
    {
        $user = new GenericUser(['id' => $id]);

        $this->app->make('auth')->viaRequest('test', static fn () => $user);
        config(['auth.guards.web' => ['driver' => 'test']]);
    }

    private function authorize(string $channel): array
    {
        return $this->decode($this->worker->handle('POST', '/broadcasting/auth', ['socket_id' => '1.2', 'channel_name' => $channel], ['HTTP_ACCEPT' => 'application/json']));
    }

    private function authorizeBatch(array $channels): array
    {
        return $this->decode($this->worker->handle('POST', '/broadcasting/auth/batch', ['socket_id' => '1.2', 'channel_name' => $channels]))['channels'];
    }

    private function hook(string $secret): int
    {
        static $time = 0;
        $body = json_encode(['time_ms' => 1000 * time() + $time++ % 1000, 'events' => [['name' => 'channel_occupied', 'channel' => bin2hex(random_bytes(4))]]]);

        return $this->worker->handle('POST', '/canyon/webhooks', server: [
            'CONTENT_TYPE' => 'application/json',
            'HTTP_X_PUSHER_KEY' => '278d425bdf160c739803',
            'HTTP_X_PUSHER_SIGNATURE' => hash_hmac('sha256', $body, $secret),
        ], content: $body)->getStatusCode();
    }

    private function decode($response): array
    {
        return json_decode($response->getContent(), true);
    }

    private function signature(string $channel): string
    {
        return '278d425bdf160c739803:'.hash_hmac('sha256', "1.2:{$channel}", self::SECRET);
    }
}
