<?php

namespace Canyon\Tests\Feature;

use Canyon\Publisher;
use Canyon\QueueFull;
use Canyon\Tests\Fixtures\OrderShipped;
use Canyon\Tests\Support\Php;
use Canyon\Tests\Support\Port;
use Canyon\Tests\TestCase;
use Illuminate\Broadcasting\BroadcastException;
use Illuminate\Filesystem\Filesystem;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;

/**
 * Broadcasts without a server, into a queue that has no room left.
 */
#[RequiresPhpExtension('canyon')]
final class FullQueueTest extends TestCase
{
    private const FAILURE = 'Failed to broadcast event [Canyon\Tests\Fixtures\OrderShipped]: the queue';

    private string $queue;

    protected function setUp(): void
    {
        $this->queue = (is_dir('/dev/shm') ? '/dev/shm' : sys_get_temp_dir()).'/canyon-test-'.bin2hex(random_bytes(8));

        $this->environment['CANYON_QUEUE'] = $this->queue;
        $this->environment['CANYON_TRANSPORT'] = 'extension';

        parent::setUp();
    }

    protected function tearDown(): void
    {
        parent::tearDown();

        (new Filesystem)->deleteDirectory($this->queue);
    }

    public function test_a_command_or_queue_worker_throws(): void
    {
        $refused = $this->fill();

        try {
            event(new OrderShipped(7));
            $this->fail('Nothing was thrown.');
        } catch (BroadcastException $e) {
            $this->assertStringStartsWith(self::FAILURE, $e->getMessage());
            $this->assertInstanceOf(QueueFull::class, $e->getPrevious());
        }

        $this->assertSame($refused + 1, $this->publisher()->status()['refused_events']);
    }

    public function test_a_web_request_reports_and_goes_on(): void
    {
        $this->serve([], function (string $url) {
            $this->assertSame('shipped', file_get_contents("{$url}/ship/1"));
            $this->assertSame('', $this->skeleton->log());

            $this->assertSame('full', file_get_contents("{$url}/fill"));
            $this->assertSame('shipped', file_get_contents("{$url}/ship/2"));

            $this->assertSame(1, substr_count($this->skeleton->log(), '.ERROR: '.self::FAILURE));
        });
    }

    public function test_a_web_request_throws_if_asked_to(): void
    {
        $this->serve(['CANYON_ON_FULL' => 'throw'], function (string $url) {
            $this->assertSame('full', file_get_contents("{$url}/fill"));

            file_get_contents("{$url}/ship/2", context: stream_context_create(['http' => ['ignore_errors' => true]]));

            $this->assertStringContainsString(' 500 ', $http_response_header[0]);
        });
    }

    public function test_octane_serves_web_requests_from_the_command_line(): void
    {
        $this->reboot(['APP_RUNNING_IN_CONSOLE' => 'false']);
        $this->fill();

        broadcast(new OrderShipped(7));

        $this->assertSame(1, substr_count($this->skeleton->log(), '.ERROR: '.self::FAILURE));
    }

    #[DataProvider('silentChoices')]
    public function test_the_choice_is_free(string $choice, int $reports): void
    {
        $this->reboot(['CANYON_ON_FULL' => $choice]);
        $refused = $this->fill();

        event(new OrderShipped(7));
        event(new OrderShipped(8));

        $this->assertSame($reports, substr_count($this->skeleton->log(), self::FAILURE));
        // Counted in every case.
        $this->assertSame($refused + 2, $this->publisher()->status()['refused_events']);
    }

    public static function silentChoices(): iterable
    {
        return ['report' => ['report', 2], 'drop' => ['drop', 0]];
    }

    public function test_a_connection_may_choose_for_itself(): void
    {
        config(['broadcasting.connections.lossy' => ['driver' => 'canyon', 'on_full' => 'drop']]);
        $this->fill();

        broadcast(new OrderShipped(7))->via('lossy');

        $this->assertSame('', $this->skeleton->log());
    }

    public function test_a_choice_that_does_not_exist_is_named_before_the_queue_is_full(): void
    {
        $this->reboot(['CANYON_ON_FULL' => 'ignore']);

        $this->expectException(BroadcastException::class);
        $this->expectExceptionMessage('The option [on_full] in config/canyon.php must be "throw", "report" or "drop", not [\'ignore\']');

        event(new OrderShipped(7));
    }

    public function test_an_event_that_the_server_would_not_take_is_refused_where_it_is_broadcast(): void
    {
        $this->reboot(['CANYON_APP_MAX_EVENT_BYTES' => '8']);

        $this->expectException(BroadcastException::class);
        $this->expectExceptionMessage('The data has 11 bytes, and the limit is 8.');

        event(new OrderShipped(7));
    }

    private function publisher(): Publisher
    {
        return new Publisher($this->queue, '4242');
    }

    /**
     * Publish until there is no room; how many events found none.
     */
    private function fill(): int
    {
        $publisher = $this->publisher();

        foreach ([1000, 0] as $bytes) {
            try {
                while (true) {
                    $publisher->publish('filled', 'filler', str_repeat('x', $bytes));
                }
            } catch (QueueFull) {
                continue;
            }
        }

        return $publisher->status()['refused_events'];
    }

    /**
     * @param  array<string, string>  $environment
     */
    private function serve(array $environment, callable $test): void
    {
        $port = Port::unused();
        $web = Php::process(['-S', "127.0.0.1:{$port}", $this->skeleton->path.'/public/index.php'], $environment + $this->environment);
        $web->start();
        $web->waitUntil(static fn (string $type, string $output) => str_contains($output, 'started'));

        try {
            $test("http://127.0.0.1:{$port}");
        } finally {
            $web->stop(0);
        }
    }
}
