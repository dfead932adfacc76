<?php

namespace Canyon\Tests;

use AssertionError;
use Throwable;

/**
 * Registers tests and runs them, and gives each a queue directory of its own.
 */
final class Harness
{
    /** @var array<string, callable> */
    private static array $tests = [];

    private static string $place = '';

    /** @var list<Process> */
    private static array $processes = [];

    private static ?string $consumer = null;

    public static function add(string $name, callable $test): void
    {
        if (isset(self::$tests[$name])) {
            throw new \LogicException("Two tests are called '{$name}'.");
        }

        self::$tests[$name] = $test;
    }

    /**
     * Run all tests whose name contains $part.
     */
    public static function run(string $part): int
    {
        $passed = $failed = 0;

        foreach (self::$tests as $name => $test) {
            if ($part !== '' && ! str_contains($name, $part)) {
                continue;
            }

            try {
                self::setUp();
                $test();
                $passed++;
                echo "ok: {$name}\n";
            } catch (Throwable $e) {
                $failed++;
                echo "FAILED: {$name}\n    ".str_replace("\n", "\n    ", trim(get_class($e).': '.$e->getMessage()))."\n";
                echo "    at {$e->getFile()}:{$e->getLine()}\n";
            } finally {
                self::tearDown();
            }
        }

        printf("%d passed, %d failed\n", $passed, $failed);

        return $failed === 0 && $passed > 0 ? 0 : 1;
    }

    /**
     * A folder of the test's own; the queue directory is in it.
     */
    public static function place(string $name = 'queue'): string
    {
        return self::$place.'/'.$name;
    }

    public static function keep(Process $process): Process
    {
        return self::$processes[] = $process;
    }

    /**
     * The program that drains a queue and prints what it gets; built here if need be.
     */
    public static function consumer(): string
    {
        if (self::$consumer !== null) {
            return self::$consumer;
        }

        $root = dirname(__DIR__, 2);
        $target = getenv('CARGO_TARGET_DIR') ?: $root.'/target';
        $build = 'cargo build --quiet --bin canyon-test-consumer --no-default-features --features test-hooks';
        exec('cd '.escapeshellarg($root).' && '.$build.' --target-dir '.escapeshellarg($target).' 2>&1', $output, $status);

        if ($status !== 0) {
            throw new \RuntimeException("{$build} failed:\n".implode("\n", $output));
        }

        return self::$consumer = $target.'/debug/canyon-test-consumer';
    }

    private static function setUp(): void
    {
        $root = is_dir('/dev/shm') ? '/dev/shm' : sys_get_temp_dir();
        self::$place = $root.'/canyon-test-'.getmypid().'-'.bin2hex(random_bytes(4));
        mkdir(self::$place, 0700);
    }

    private static function tearDown(): void
    {
        foreach (self::$processes as $process) {
            $process->end();
        }

        self::$processes = [];
        self::remove(self::$place);
    }

    private static function remove(string $path): void
    {
        if (is_link($path) || ! is_dir($path)) {
            @unlink($path);

            return;
        }

        foreach (array_diff(scandir($path), ['.', '..']) as $name) {
            self::remove($path.'/'.$name);
        }

        rmdir($path);
    }
}

/**
 * A process that ends with its test.
 */
final class Process
{
    /** @var resource */
    private $handle;

    /** @var array<int, resource> */
    private array $pipes = [];

    private ?int $status = null;

    /**
     * @param  list<string>  $command
     * @param  array<string, string>  $environment
     */
    public function __construct(array $command, array $environment = [])
    {
        $pipes = [['pipe', 'r'], ['pipe', 'w'], ['pipe', 'w']];
        $this->handle = proc_open($command, $pipes, $this->pipes, null, $environment + getenv());
        Harness::keep($this);
    }

    public function pid(): int
    {
        return proc_get_status($this->handle)['pid'];
    }

    /**
     * The next line it prints; empty at the end, or when none comes in a minute.
     */
    public function line(): string
    {
        stream_set_timeout($this->pipes[1], 60);

        return rtrim((string) fgets($this->pipes[1]), "\n");
    }

    public function tell(string $line): void
    {
        fwrite($this->pipes[0], $line."\n");
    }

    /**
     * Close its input and wait for its end.
     *
     * @return array{int, string, string} status, output and error output
     */
    public function finish(): array
    {
        fclose($this->pipes[0]);
        $output = $errors = '';
        $open = [1 => $this->pipes[1], 2 => $this->pipes[2]];
        $until = microtime(true) + 60;

        while ($open !== []) {
            [$read, $write, $except] = [$open, null, null];

            if (stream_select($read, $write, $except, 1) === 0 && microtime(true) > $until) {
                throw new AssertionError('The process does not end.');
            }

            foreach ($read as $index => $pipe) {
                $text = fread($pipe, 65536);

                if ($text === '' || $text === false) {
                    unset($open[$index]);
                }

                $index === 1 ? $output .= $text : $errors .= $text;
            }
        }

        $this->status = $this->wait();

        return [$this->status, $output, $errors];
    }

    public function kill(int $signal): void
    {
        proc_terminate($this->handle, $signal);
    }

    /**
     * Kill it, if it still runs.
     */
    public function end(): void
    {
        if ($this->status === null) {
            proc_terminate($this->handle, 9);
            $this->status = $this->wait();
        }
    }

    private function wait(): int
    {
        while (true) {
            $status = proc_get_status($this->handle);

            if (! $status['running']) {
                proc_close($this->handle);

                // As the shell tells it: 128 and the signal.
                return $status['signaled'] ? 128 + $status['termsig'] : $status['exitcode'];
            }

            usleep(1000);
        }
    }
}

/**
 * Drains the test's queue in another process.
 */
final class Consumer
{
    private Process $process;

    public function __construct(string $queue)
    {
        $this->process = new Process([Harness::consumer(), 'queue='.$queue]);
        same('ready', $this->process->line());
    }

    /**
     * The next event.
     *
     * @return array{app: string, event: string, channels: list<string>, except: string|null, data: string}
     */
    public function next(): array
    {
        return self::parse($this->process->line());
    }

    /**
     * Everything that comes until all publishers are gone.
     *
     * @return list<array{app: string, event: string, channels: list<string>, except: string|null, data: string}>
     */
    public function rest(): array
    {
        [$status, $output] = $this->process->finish();
        same(0, $status, $output);
        $lines = array_filter(explode("\n", $output), static fn ($line) => str_starts_with($line, 'event ') || $line === 'malformed');

        return array_map(self::parse(...), array_values($lines));
    }

    private static function parse(string $line): array
    {
        $parts = explode(' ', $line);

        if ($parts[0] !== 'event' || count($parts) !== 6) {
            throw new AssertionError("Instead of an event came '{$line}'.");
        }

        return [
            'app' => hex2bin($parts[1]),
            'event' => hex2bin($parts[2]),
            'channels' => array_map('hex2bin', explode(',', $parts[3])),
            'except' => $parts[4] === '-' ? null : hex2bin($parts[4]),
            'data' => hex2bin($parts[5]),
        ];
    }
}

function test(string $name, callable $test): void
{
    Harness::add($name, $test);
}

function same(mixed $expected, mixed $actual, string $hint = ''): void
{
    if ($expected !== $actual) {
        throw new AssertionError('expected '.shown($expected).', got '.shown($actual).($hint === '' ? '' : " ({$hint})"));
    }
}

function holds(bool $condition, string $otherwise): void
{
    if (! $condition) {
        throw new AssertionError($otherwise);
    }
}

function contains(string $part, string $text): void
{
    holds(str_contains($text, $part), shown($part).' is not in '.shown($text));
}

/**
 * The exception of exactly this class that $call throws.
 *
 * @template T of Throwable
 *
 * @param  class-string<T>  $class
 * @return T
 */
function thrown(string $class, callable $call): Throwable
{
    try {
        $call();
    } catch (Throwable $e) {
        same($class, get_class($e), $e->getMessage());

        return $e;
    }

    throw new AssertionError("no {$class} was thrown");
}

/**
 * Run PHP code in a process of its own, with the extension; the queue is in $queue.
 *
 * @param  array<string, string>  $ini
 */
function php(string $code, array $ini = []): Process
{
    $arguments = [];

    foreach ($ini as $name => $value) {
        array_push($arguments, '-d', "{$name}={$value}");
    }

    $head = '$queue = '.var_export(Harness::place(), true).';';

    return new Process([getenv('PHP_BINARY') ?: PHP_BINARY, ...$arguments, '-r', $head.$code]);
}

/**
 * What publishers left in the queue directory.
 *
 * @return list<string>
 */
function left_behind(): array
{
    return array_values(array_diff(scandir(Harness::place()), ['.', '..', 'control', 'consumer.lock']));
}

function until(string $what, callable $is_so): void
{
    $patience = microtime(true) + 60;

    while (! $is_so()) {
        holds(microtime(true) < $patience, "still not: {$what}");
        usleep(2000);
    }
}

function shown(mixed $value): string
{
    $text = var_export($value, true);

    return strlen($text) > 600 ? substr($text, 0, 600).'...' : $text;
}
