<?php

namespace Canyon\Tests\Unit;

use Canyon\Broadcasting\Transports\HttpTransport;
use Canyon\Credentials;
use Canyon\Exception;
use Canyon\InvalidConfiguration;
use Canyon\QueueFull;
use Canyon\Signer;
use Canyon\Tests\Support\HttpServer;
use Canyon\Tests\Support\Port;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;
use PHPUnit\Framework\TestCase;

#[RequiresPhpExtension('curl')]
final class HttpTransportTest extends TestCase
{
    private const KEY = 'key+with/odd=characters';

    private const SECRET = 'a secret';

    private ?HttpServer $server = null;

    protected function tearDown(): void
    {
        $this->server?->stop();
    }

    public function test_an_event_is_posted_as_pusher_defines_it(): void
    {
        $this->serve();

        $this->transport()->publish(['lobby', 'private-a'], 'App\Events\Shipped', '{"name":"Zoë"}', '12.34');

        [$request] = $this->server->requests();

        $this->assertSame('POST', $request['method']);
        $this->assertSame('/apps/4242/events', $request['path']);
        $this->assertSame(['name' => 'App\Events\Shipped', 'channels' => ['lobby', 'private-a'], 'data' => '{"name":"Zoë"}', 'socket_id' => '12.34'], $request['json']);
        $this->assertMatchesRegularExpression('~^Content-Type: application/json\r$~mi', $request['head']);
        $this->assertDoesNotMatchRegularExpression('/^Expect:/mi', $request['head']);
    }

    public function test_without_a_socket_nobody_is_excluded(): void
    {
        $this->serve();

        $this->transport()->publish(['lobby'], 'E', '[]');

        $this->assertSame(['name' => 'E', 'channels' => ['lobby'], 'data' => '[]'], $this->server->requests()[0]['json']);
    }

    #[DataProvider('prefixes')]
    public function test_the_signature_is_that_of_the_path_without_the_prefix(string $prefix, string $path): void
    {
        $this->serve();

        $before = time();
        $this->transport(pathPrefix: $prefix)->publish(['lobby'], 'E', '{"a":1}');

        [$request] = $this->server->requests();
        $query = $request['query'];

        $this->assertSame($path, $request['path']);
        $this->assertSame(self::KEY, $query['auth_key']);
        $this->assertSame('1.0', $query['auth_version']);
        $this->assertGreaterThanOrEqual($before, (int) $query['auth_timestamp']);
        $this->assertSame(md5($request['body']), $query['body_md5']);
        $this->assertSame(
            hash_hmac('sha256', "POST\n/apps/4242/events\nauth_key={$query['auth_key']}&auth_timestamp={$query['auth_timestamp']}&auth_version=1.0&body_md5={$query['body_md5']}", self::SECRET),
            $query['auth_signature'],
        );
    }

    public static function prefixes(): iterable
    {
        return [['', '/apps/4242/events'], ['/ws/', '/ws/apps/4242/events'], ['ws/v1', '/ws/v1/apps/4242/events']];
    }

    public function test_the_connection_is_kept_between_events(): void
    {
        $this->serve();
        $transport = $this->transport();

        foreach (range(1, 3) as $n) {
            $transport->publish(['lobby'], "E{$n}", '[]');
        }

        $this->assertSame([1, 1, 1], array_column($this->server->requests(), 'connection'));
    }

    public function test_a_kept_connection_that_the_server_has_closed_costs_no_event(): void
    {
        $this->serve(['close' => true]);
        $transport = $this->transport();

        foreach (range(1, 3) as $n) {
            $transport->publish(['lobby'], "E{$n}", '[]');
        }

        $this->assertSame([['E1', 1], ['E2', 2], ['E3', 3]], array_map(
            static fn (array $request) => [$request['json']['name'], $request['connection']], $this->server->requests(),
        ));
    }

    #[RequiresPhpExtension('pcntl')]
    public function test_a_forked_child_opens_a_connection_of_its_own(): void
    {
        $this->serve();
        $transport = $this->transport();
        $transport->publish(['lobby'], 'parent', '[]');

        if (($child = pcntl_fork()) === 0) {
            try {
                $transport->publish(['lobby'], 'child', '[]');
            } finally {
                // Nothing of PHPUnit may run a second time.
                posix_kill(getmypid(), SIGKILL);
            }
        }

        pcntl_waitpid($child, $status);
        $transport->publish(['lobby'], 'parent', '[]');

        $this->assertSame([['parent', 1], ['child', 2], ['parent', 1]], array_map(
            static fn (array $request) => [$request['json']['name'], $request['connection']], $this->server->requests(),
        ));
    }

    public function test_more_channels_than_one_request_takes_are_split(): void
    {
        $this->serve();
        $channels = array_map(static fn (int $n) => "channel-{$n}", range(1, 250));

        $this->transport()->publish($channels, 'E', '[]');

        $posted = array_column(array_column($this->server->requests(), 'json'), 'channels');
        $this->assertSame([100, 100, 50], array_map(count(...), $posted));
        $this->assertSame($channels, array_merge(...$posted));
    }

    #[DataProvider('refusals')]
    public function test_a_refusal_is_a_failure_that_repeats_what_the_server_said(int $status, string $body, string $expected): void
    {
        $this->serve(['status' => $status, 'body' => $body]);

        $this->expectException(Exception::class);
        $this->expectExceptionMessageMatches($expected);

        $this->transport()->publish(['lobby'], 'E', '[]');
    }

    public static function refusals(): iterable
    {
        yield [401, "Invalid signature:\nyou should have sent\n", '~127\.0\.0\.1:\d+ refused the event with status 401: Invalid signature: you should have sent \(.*CANYON_APP_SECRET.*\)$~'];
        yield [413, '', '~status 413\. \(.*CANYON_APP_MAX_EVENT_BYTES.*\)$~'];
        yield [301, 'Moved', '~status 301: Moved \(.*CANYON_SCHEME.*\)$~'];
        yield [404, 'No app has the id 4242', '~status 404: No app has the id 4242 \(.*CANYON_APP_ID.*\)$~'];
        yield [502, '<html>Bad Gateway</html>', '~status 502: .*is that running\?\)$~'];
        yield [500, str_repeat('x', 2000), '~status 500: x{297}\.\.\.$~'];
        yield [202, "\xff", '~status 202: \?$~'];
    }

    public function test_a_server_without_room_is_a_full_queue(): void
    {
        $this->serve(['status' => 503, 'body' => 'The server is over capacity, try again']);

        $this->expectException(QueueFull::class);
        $this->expectExceptionMessageMatches('~status 503: The server is over capacity, try again$~');

        $this->transport()->publish(['lobby'], 'E', '[]');
    }

    public function test_a_server_that_does_not_answer_is_not_waited_for(): void
    {
        $this->serve(['hang' => true]);

        $this->expectException(Exception::class);
        $this->expectExceptionMessageMatches('~^Could not reach the Canyon server at http://127\.0\.0\.1:\d+: .*timed out~');

        $this->transport(['timeout' => 0.2])->publish(['lobby'], 'E', '[]');
    }

    public function test_a_server_that_is_not_there_is_a_failure_that_says_what_to_look_at(): void
    {
        $port = Port::unused();

        $this->expectException(Exception::class);
        $this->expectExceptionMessageMatches("~^Could not reach the Canyon server at http://127\.0\.0\.1:{$port}: .*CANYON_HOST, CANYON_PORT and CANYON_SCHEME~");

        $this->transport(['port' => $port])->publish(['lobby'], 'E', '[]');
    }

    public function test_a_transport_works_again_after_a_failure(): void
    {
        $port = Port::unused();
        $transport = $this->transport(['port' => $port]);

        foreach (range(1, 2) as $attempt) {
            try {
                $transport->publish(['lobby'], 'E', '[]');
                $this->fail('Nobody listens.');
            } catch (Exception $e) {
                $this->assertStringContainsString('Could not reach', $e->getMessage());
            }
        }

        $this->serve(port: $port);
        $transport->publish(['lobby'], 'E', '[]');

        $this->assertCount(1, $this->server->requests());
    }

    #[DataProvider('addresses')]
    public function test_the_address_is_made_of_scheme_host_and_port(string $expected, array $http): void
    {
        $this->assertSame($expected, HttpTransport::fromConfig($credentials = new Credentials([]), new Signer($credentials), $http)->url());
    }

    public static function addresses(): iterable
    {
        yield ['https://ws.example.com:443', ['scheme' => 'https', 'host' => 'ws.example.com', 'port' => '443']];
        yield ['https://ws.example.com:443', ['scheme' => 'https', 'host' => 'https://ws.example.com/']];
        yield ['http://localhost:8080', ['host' => 'localhost']];
        yield ['http://[::1]:9000', ['host' => '::1', 'port' => 9000]];
    }

    #[DataProvider('badAddresses')]
    public function test_an_address_that_is_none_names_the_variables(array $http): void
    {
        $this->expectException(InvalidConfiguration::class);
        $this->expectExceptionMessageMatches('/CANYON_(HOST|PORT)/');

        HttpTransport::fromConfig($credentials = new Credentials([]), new Signer($credentials), $http);
    }

    public static function badAddresses(): iterable
    {
        return [[['host' => '']], [['host' => null]], [['host' => 'a', 'scheme' => 'ftp']], [['host' => 'a', 'port' => 'http']], [['host' => 'a', 'port' => 65536]]];
    }

    private function serve(array $answer = [], ?int $port = null): void
    {
        $this->server = new HttpServer($answer, $port ?? 0);
    }

    private function transport(array $http = [], string $pathPrefix = ''): HttpTransport
    {
        $credentials = new Credentials(['id' => '4242', 'key' => self::KEY, 'secret' => self::SECRET]);

        return HttpTransport::fromConfig(
            $credentials, new Signer($credentials), $http + ['scheme' => 'http', 'host' => '127.0.0.1', 'port' => $this->server?->port], $pathPrefix,
        );
    }
}
