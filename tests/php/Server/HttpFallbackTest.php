<?php

namespace Canyon\Tests\Server;

use Canyon\Broadcasting\Transports\HttpTransport;
use Canyon\Credentials;
use Canyon\Exception;
use Canyon\Signer;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;

/**
 * What the HTTP transport and a real server make of each other.
 */
#[RequiresPhpExtension('canyon')]
#[RequiresPhpExtension('curl')]
final class HttpFallbackTest extends ServerTestCase
{
    public function test_all_events_go_over_one_connection(): void
    {
        if (! is_readable('/proc/net/tcp')) {
            $this->markTestSkipped('The system does not list its connections in /proc/net/tcp.');
        }

        $this->start();
        $transport = $this->transport();

        foreach (range(1, 5) as $n) {
            $transport->publish(['orders'], 'E', "{$n}");
        }

        $this->assertCount(1, $this->connections(), 'A closed connection would be listed for another minute.');
    }

    public function test_more_channels_than_one_request_takes_all_get_the_event(): void
    {
        $this->start();
        $client = $this->connect();
        $client->subscribe('channel-1');
        $client->subscribe('channel-250');

        $this->transport()->publish(array_map(static fn (int $n) => "channel-{$n}", range(1, 250)), 'E', '{}');

        $this->assertSame(['channel-1', 'channel-250'], [$client->expect('E')['channel'], $client->expect('E')['channel']]);
    }

    public function test_an_event_as_large_as_allowed_arrives_and_a_larger_one_is_refused_with_advice(): void
    {
        $this->start();
        $client = $this->connect();
        $client->subscribe('orders');
        $transport = $this->transport();

        $transport->publish(['orders'], 'E', $largest = str_repeat('x', 1_048_576));
        $this->assertSame($largest, $client->expect('E')['data']);

        $this->expectException(Exception::class);
        $this->expectExceptionMessageMatches('/status 413: .*1048576.*CANYON_APP_MAX_EVENT_BYTES/');

        $transport->publish(['orders'], 'E', "{$largest}x");
    }

    public function test_a_refused_event_does_not_cost_the_connection(): void
    {
        $this->start();
        $transport = $this->transport();

        try {
            $transport->publish(['not a name'], 'E', '{}');
            $this->fail('The name should be refused.');
        } catch (Exception $e) {
            $this->assertStringContainsString('status 400', $e->getMessage());
        }

        $transport->publish(['orders'], 'E', '{}');
        $this->assertCount(1, $this->connections());
    }

    public function test_another_secret_is_told_with_what_to_compare(): void
    {
        $this->start();

        $this->expectException(Exception::class);
        $this->expectExceptionMessageMatches('/status 401: Invalid signature.*CANYON_APP_KEY and CANYON_APP_SECRET/');

        $this->transport('another secret')->publish(['orders'], 'E', '{}');
    }

    public function test_an_app_the_server_does_not_know_is_told_with_what_to_compare(): void
    {
        $this->start();

        $this->expectException(Exception::class);
        $this->expectExceptionMessageMatches('/status 404: No app has the id 99.*CANYON_APP_ID/');

        $this->transport(id: '99')->publish(['orders'], 'E', '{}');
    }

    private function transport(string $secret = '7ad3773142a6692b25b8', string $id = '4242'): HttpTransport
    {
        $credentials = new Credentials(['id' => $id, 'key' => '278d425bdf160c739803', 'secret' => $secret]);

        return HttpTransport::fromConfig($credentials, new Signer($credentials), ['host' => '127.0.0.1', 'port' => $this->port]);
    }

    /**
     * Get the ports from which the server was connected to, open or closed.
     *
     * @return list<string>
     */
    private function connections(): array
    {
        $pattern = sprintf('/^ *\d+: 0100007F:([0-9A-F]{4}) 0100007F:%04X /m', $this->port);
        preg_match_all($pattern, (string) file_get_contents('/proc/net/tcp'), $found);

        return array_values(array_unique($found[1]));
    }
}
