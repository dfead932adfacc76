<?php

namespace Canyon\Tests\Server;

use Canyon\Broadcasting\Transports\FfiTransport;
use Canyon\Tests\Support\Library;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;

/**
 * The lives of a PHP process that publishes through the C library, seen from a real server.
 */
#[RequiresPhpExtension('canyon')]
final class FfiTest extends ServerTestCase
{
    public function test_forked_children_publish_for_themselves_in_order_and_may_be_killed(): void
    {
        $this->start();
        $client = $this->connect();
        $client->subscribe('orders');
        $transport = new FfiTransport($this->queue, '4242', '', Library::path());
        $transport->publish(['orders'], 'E', '"parent"');

        foreach (['first', 'second'] as $name) {
            if (($child = pcntl_fork()) === 0) {
                try {
                    $transport->publish(['orders'], 'E', "\"{$name}\"");
                } finally {
                    // Nothing of PHPUnit may run a second time.
                    posix_kill(getmypid(), SIGKILL);
                }
            }

            pcntl_waitpid($child, $status);
            $transport->publish(['orders'], 'E', "\"parent after {$name}\"");
        }

        $received = array_map(static fn () => json_decode($client->expect('E')['data']), range(1, 5));
        $this->assertSame(['parent', 'first', 'parent after first', 'second', 'parent after second'], $received);
    }

    public function test_an_event_as_large_as_the_application_allows_arrives(): void
    {
        $this->environment['CANYON_APP_MAX_EVENT_BYTES'] = '2000000';
        $this->start();
        $client = $this->connect();
        $client->subscribe('orders');

        FfiTransport::fromConfig($this->queue, '4242', ['ffi_library' => Library::path(), 'app' => ['max_event_bytes' => 2_000_000]])
            ->publish(['orders'], 'E', $data = str_repeat('x', 2_000_000));

        $this->assertSame($data, $client->expect('E')['data']);
    }
}
