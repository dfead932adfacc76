<?php

namespace Canyon\Tests\Server;

use Canyon\Tests\Support\Artisan;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;
use Symfony\Component\Process\Process;

/**
 * What a reload can change, and when it cannot be.
 */
#[RequiresPhpExtension('canyon')]
final class ReloadTest extends ServerTestCase
{
    public function test_the_server_moves_from_php_to_the_binary_and_back(): void
    {
        $binary = (string) getenv('CANYON_BIN');

        if (! is_executable($binary)) {
            $this->markTestSkipped("There is no canyon binary at [{$binary}]; `make server` builds it.");
        }

        $this->environment['CANYON_BINARY'] = $binary;
        $this->start();
        $client = $this->connect();
        $client->subscribe('orders');

        foreach ([['--sidecar'], []] as $options) {
            $command = Artisan::process($this->skeleton, ['canyon:start', ...$options], $this->environment)->getCommandLine();
            $reload = new Process([$binary, 'reload', '--app=4242:key:secret', "--queue={$this->queue}", '--', 'sh', '-c', "exec {$command}"]);

            $this->assertSame(0, $reload->run(), $reload->getErrorOutput().$this->server->getOutput().$this->server->getErrorOutput());
            $this->assertStringContainsString('1 clients handed over', $reload->getOutput());

            $client->send('{"event":"pusher:ping","data":{}}');
            $client->expect('pusher:pong');
        }
    }

    public function test_without_a_parent_there_is_no_reload(): void
    {
        $this->start(['--no-parent']);
        $client = $this->connect();

        $reload = Artisan::process($this->skeleton, ['canyon:reload', '--no-ansi'], $this->environment);

        $this->assertSame(1, $reload->run());
        $this->assertStringContainsString('No server that can be reloaded', $reload->getOutput());

        $client->send('{"event":"pusher:ping","data":{}}');
        $client->expect('pusher:pong');
    }
}
