<?php

namespace Canyon\Tests\Server;

use Canyon\Tests\Fixtures\OrderPaid;
use Canyon\Tests\Support\PusherClient;
use Illuminate\Auth\GenericUser;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;

/**
 * An event of the driver goes through a real server to the real pusher-js, which decrypts it.
 */
#[RequiresPhpExtension('canyon')]
#[RequiresPhpExtension('sodium')]
final class EncryptedChannelTest extends ServerTestCase
{
    private const KEY = '278d425bdf160c739803';

    private ?PusherClient $client = null;

    protected function setUp(): void
    {
        $this->environment['CANYON_ENCRYPTION_MASTER_KEY_BASE64'] = base64_encode(random_bytes(32));

        parent::setUp();
    }

    protected function tearDown(): void
    {
        $this->client?->stop();

        parent::tearDown();
    }

    #[DataProvider('transports')]
    public function test_subscribers_decrypt_what_nobody_else_can_read(string $transport): void
    {
        config(['canyon.transport' => $transport]);
        $this->actingAs(new GenericUser(['id' => '31']));
        $this->start();
        $this->client = new PusherClient($this->port, self::KEY, ['lobby', 'private-encrypted-orders.31']);

        $this->client->answer($this->post('/broadcasting/auth', $this->client->next()['authorize'])->assertOk()->json());
        $this->assertEqualsCanonicalizing(['lobby', 'private-encrypted-orders.31'], [$this->client->next()['subscribed'], $this->client->next()['subscribed']]);

        event(new OrderPaid('12 € for Käse', '31'));

        $this->assertSame(['event' => OrderPaid::class, 'channel' => 'lobby', 'data' => ['amount' => '12 € for Käse']], $this->client->next());
        $this->assertSame(['event' => OrderPaid::class, 'channel' => 'private-encrypted-orders.31', 'data' => ['amount' => '12 € for Käse']], $this->client->next());
    }

    public static function transports(): iterable
    {
        return ['extension' => ['extension'], 'http' => ['http']];
    }

    public function test_the_server_passes_on_what_it_cannot_read(): void
    {
        $this->actingAs(new GenericUser(['id' => '31']));
        $this->start();
        $client = $this->connect();
        $auth = $this->authorize($client, $channel = 'private-encrypted-orders.31');
        $client->subscribe($channel, ['auth' => $auth['auth']]);

        event(new OrderPaid('12 €', '31'));

        $message = json_decode($client->expect(OrderPaid::class)['data'], true);
        $this->assertSame(['nonce', 'ciphertext'], array_keys($message));
        $this->assertSame('{"amount":"12 €"}', sodium_crypto_secretbox_open(base64_decode($message['ciphertext']), base64_decode($message['nonce']), base64_decode($auth['shared_secret'])));
    }

    public function test_a_user_without_access_gets_no_secret(): void
    {
        $this->actingAs(new GenericUser(['id' => '32']));
        $this->start();
        $this->client = new PusherClient($this->port, self::KEY, ['private-encrypted-orders.31']);

        $this->post('/broadcasting/auth', $this->client->next()['authorize'])->assertForbidden();
        $this->client->answer([]);

        $this->assertSame('private-encrypted-orders.31', $this->client->next()['refused']);
    }
}
