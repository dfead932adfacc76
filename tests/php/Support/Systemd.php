<?php

namespace Canyon\Tests\Support;

use PHPUnit\Framework\Assert;
use Symfony\Component\Process\ExecutableFinder;
use Symfony\Component\Process\Process;

/**
 * A real systemd, process 1 of namespaces of its own, beside whatever runs this machine.
 */
final class Systemd
{
    private const NAMESPACES = ['--pid', '--fork', '--kill-child', '--mount', '--uts', '--ipc', '--cgroup'];

    private function __construct(private readonly Process $init, private readonly string $folder)
    {
        //
    }

    /**
     * Start it, with folders of the machine shown where they are asked for.
     *
     * @param  array<string, string>  $shown
     */
    public static function boot(array $shown): self
    {
        if (posix_getuid() !== 0 || ! is_executable('/lib/systemd/systemd') || (new ExecutableFinder)->find('unshare') === null) {
            Assert::markTestSkipped('Only root can start another systemd, where there is one.');
        }

        mkdir($folder = sys_get_temp_dir().'/canyon-systemd-'.bin2hex(random_bytes(8)));

        $binds = array_map(fn (string $source, string $target) => "{$source}={$target}", array_keys($shown), $shown);
        $init = new Process(['unshare', ...self::NAMESPACES, dirname(__DIR__).'/Fixtures/systemd-init.sh', $folder, ...$binds], timeout: null);
        $init->start();

        $systemd = new self($init, $folder);

        for ($deadline = time() + 20; ! $systemd->isRunning(); usleep(50000)) {
            if (! $init->isRunning() || time() > $deadline) {
                $systemd->stop();

                Assert::markTestSkipped('systemd cannot be started here: '.$init->getOutput().$init->getErrorOutput());
            }
        }

        return $systemd;
    }

    /**
     * Run a command where systemd is process 1.
     *
     * @param  list<string>  $command
     */
    public function run(array $command): Process
    {
        $process = new Process(['nsenter', '--target', (string) $this->processOne(), '--pid', '--mount', '--uts', '--ipc', '--cgroup', '--root', '--wd=/', ...$command], timeout: 60);
        $process->run();

        return $process;
    }

    /**
     * Run a command that has to succeed, and get what it says.
     *
     * @param  list<string>  $command
     */
    public function ask(array $command): string
    {
        $process = $this->run($command);

        Assert::assertSame(0, $process->getExitCode(), implode(' ', $command).': '.$process->getOutput().$process->getErrorOutput().$this->run(['systemctl', '--no-pager', '--full', 'status', 'canyon'])->getOutput().$this->log());

        return trim($process->getOutput());
    }

    /**
     * Write a file that only systemd's processes see.
     */
    public function write(string $path, string $contents, string $group = 'root'): void
    {
        $write = new Process(['nsenter', '--target', (string) $this->processOne(), '--mount', '--root', '--wd=/', 'sh', '-c', 'mkdir -p "$(dirname "$1")" && cat >"$1" && chgrp "$2" "$1" && chmod 0640 "$1"', 'sh', $path, $group], input: $contents);
        $write->mustRun();
    }

    /**
     * Get a property of a unit.
     */
    public function property(string $unit, string $name): string
    {
        return $this->ask(['systemctl', 'show', '--value', '--property', $name, $unit]);
    }

    /**
     * Get what the services have written.
     */
    public function log(): string
    {
        return $this->run(['journalctl', '--no-pager', '--output=cat'])->getOutput();
    }

    public function stop(): void
    {
        // Whatever it has started ends with it.
        $this->init->stop(0);

        @rmdir($this->folder);
    }

    private function isRunning(): bool
    {
        return $this->processOne() !== 0 && trim($this->run(['systemctl', 'is-system-running'])->getOutput()) === 'running';
    }

    /**
     * Get the process as this side of the namespaces knows it.
     */
    private function processOne(): int
    {
        $pid = $this->init->getPid();

        return (int) @file_get_contents("/proc/{$pid}/task/{$pid}/children");
    }
}
