<?php

namespace Canyon\Tests\Support;

use Symfony\Component\Process\Process;

/**
 * Serves the test application over HTTP.
 */
final class WebServer
{
    private readonly Process $process;

    /**
     * @param  array<string, string|false>  $environment
     */
    public function __construct(Skeleton $skeleton, int $port, array $environment)
    {
        $this->process = Php::process(['-S', "127.0.0.1:{$port}", $skeleton->path.'/public/index.php'], $environment);
        $this->process->start();

        Wait::until(static fn () => Port::isOpen($port), $this->log(...));
    }

    public function log(): string
    {
        return $this->process->getErrorOutput();
    }

    public function stop(): void
    {
        $this->process->stop(5);
    }
}
