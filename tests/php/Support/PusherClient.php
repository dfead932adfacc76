<?php

namespace Canyon\Tests\Support;

use PHPUnit\Framework\Assert;

/**
 * The real pusher-js in Node, to which the test is the application that authorizes it.
 */
final class PusherClient
{
    /** @var resource */
    private $process;

    /** @var array<int, resource> */
    private array $pipes = [];

    /**
     * @param  list<string>  $channels
     */
    public function __construct(int $port, string $key, array $channels)
    {
        if (! is_dir(getenv('NODE_PATH').'/pusher-js')) {
            Assert::markTestSkipped('Needs Node and pusher-js: tests/setup/install brings the latter, tests/setup/env.sh says where it is.');
        }

        $this->process = proc_open(
            ['node', __DIR__.'/../Fixtures/subscriber.mjs', (string) $port, $key, ...$channels],
            [['pipe', 'r'], ['pipe', 'w'], STDERR],
            $this->pipes,
        );
    }

    /**
     * Get what it tells next.
     *
     * @return array<string, mixed>
     */
    public function next(): array
    {
        $line = fgets($this->pipes[1]);

        return $line === false ? Assert::fail('pusher-js has ended.') : json_decode($line, true, flags: JSON_THROW_ON_ERROR);
    }

    /**
     * Answer its request for authorization.
     *
     * @param  array<string, string>  $authorization
     */
    public function answer(array $authorization): void
    {
        fwrite($this->pipes[0], json_encode($authorization, JSON_THROW_ON_ERROR)."\n");
    }

    public function stop(): void
    {
        array_map(fclose(...), $this->pipes);
        proc_close($this->process);
    }
}
