<?php

namespace Canyon\Tests\Unit;

use Canyon\Broadcasting\Transports\FfiTransport;
use Canyon\Exception;
use Canyon\InvalidConfiguration;
use Canyon\QueueFull;
use Canyon\Tests\Support\Library;
use Canyon\Tests\Support\Php;
use Illuminate\Filesystem\Filesystem;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

final class FfiTransportTest extends TestCase
{
    private string $queue;

    protected function setUp(): void
    {
        $this->queue = sys_get_temp_dir().'/canyon-ffi-'.bin2hex(random_bytes(8));
    }

    protected function tearDown(): void
    {
        (new Filesystem)->deleteDirectory($this->queue);
    }

    public function test_an_event_waits_in_the_queue_for_a_server(): void
    {
        $transport = $this->transport();
        $this->assertDirectoryDoesNotExist($this->queue, 'Nothing is opened before the first event.');

        $transport->publish(['lobby', 'private-a'], 'App\Events\Shipped', '{"name":"Zoë"}', '12.34');
        unset($transport);

        $rings = glob("{$this->queue}/ring.*");
        $this->assertCount(1, $rings);
        $this->assertStringContainsString('{"name":"Zoë"}', file_get_contents($rings[0]));
    }

    public function test_nothing_is_left_of_a_publisher_whose_events_were_refused(): void
    {
        $transport = $this->transport();

        try {
            $transport->publish(['not a name'], 'E', '{}');
            $this->fail('The name should be refused.');
        } catch (Exception $e) {
            $this->assertNotInstanceOf(QueueFull::class, $e);
        }

        unset($transport, $e);
        $this->assertSame([], glob("{$this->queue}/ring.*"));
    }

    #[DataProvider('refusals')]
    public function test_what_the_library_refuses_is_an_exception_in_its_words(array $channels, string $event, string $data, ?string $except, string $expected): void
    {
        $this->expectException(Exception::class);
        $this->expectExceptionMessage($expected);

        $this->transport()->publish($channels, $event, $data, $except);
    }

    public static function refusals(): iterable
    {
        yield [[], 'E', '{}', null, 'no channel is given'];
        yield [['a', 'b c'], 'E', '{}', null, 'the channel name "b c" is not allowed'];
        yield [["a\0b"], 'E', '{}', null, 'holds a NUL byte'];
        yield [['a'], "E\0", '{}', null, 'holds a NUL byte'];
        yield [['a'], 'pusher:ping', '{}', null, "the protocol's own"];
        yield [['a'], 'E', "\xff", null, 'is not UTF-8'];
        yield [['a'], 'E', '{}', '12', 'the socket id "12" is none'];
        yield [['a'], 'E', str_repeat('x', 1_048_577), null, '1048577 bytes, and the limit is 1048576'];
    }

    public function test_a_full_queue_is_an_exception_of_its_own(): void
    {
        $transport = $this->transport();

        $this->expectException(QueueFull::class);
        $this->expectExceptionMessage('no server drains it');

        for ($n = 0; $n < 64; $n++) {
            $transport->publish(['lobby'], 'E', str_repeat('x', 8192));
        }
    }

    public function test_the_configuration_of_the_application_counts(): void
    {
        $transport = FfiTransport::fromConfig($this->queue, '4242', [
            'ffi_library' => Library::path(), 'queue_group' => (string) posix_getegid(), 'app' => ['max_event_bytes' => 2_000_000],
        ]);

        $transport->publish(['lobby'], 'E', str_repeat('x', 1_500_000));

        $this->assertSame(02770, fileperms($this->queue) & 07777);
    }

    public function test_an_event_over_the_limit_of_the_application_is_refused_in_its_words(): void
    {
        $transport = FfiTransport::fromConfig($this->queue, '4242', ['ffi_library' => Library::path(), 'app' => ['max_event_bytes' => 10]]);

        $this->expectException(Exception::class);
        $this->expectExceptionMessage('The data has 11 bytes, and the limit is 10. Send an ID and let the client fetch the rest, or raise CANYON_APP_MAX_EVENT_BYTES');

        $transport->publish(['lobby'], 'E', str_repeat('x', 11));
    }

    public function test_a_queue_that_cannot_be_used_says_why_at_the_first_event(): void
    {
        touch($this->queue);
        $transport = $this->transport();

        try {
            $transport->publish(['lobby'], 'E', '{}');
            $this->fail('A file is no queue.');
        } catch (Exception $e) {
            $this->assertStringContainsString("the queue {$this->queue} is not a directory", $e->getMessage());
        } finally {
            unlink($this->queue);
        }
    }

    public function test_a_library_that_is_not_there_is_named(): void
    {
        Library::path();

        $this->expectException(InvalidConfiguration::class);
        $this->expectExceptionMessage('There is no library at [/nowhere/libcanyon_publish.so]. Build it with [make capi], and set CANYON_FFI_LIBRARY');

        new FfiTransport($this->queue, '4242', '', '/nowhere/libcanyon_publish.so');
    }

    public function test_a_library_that_the_system_does_not_find_is_named(): void
    {
        Library::path();

        $this->expectException(InvalidConfiguration::class);
        $this->expectExceptionMessageMatches('/^The library \[libcanyon_nowhere\.so\] could not be loaded: .*CANYON_FFI_LIBRARY/');

        new FfiTransport($this->queue, '4242', '', 'libcanyon_nowhere.so');
    }

    public function test_a_library_of_somebody_else_is_told_apart(): void
    {
        Library::path();

        $this->expectException(InvalidConfiguration::class);
        $this->expectExceptionMessageMatches("/^The library \[libc\.so\.6\] is not Canyon's, or of another version/");

        new FfiTransport($this->queue, '4242', '', 'libc.so.6');
    }

    #[DataProvider('interpreters')]
    public function test_a_php_that_may_not_use_ffi_says_so(array $options, string $expected): void
    {
        $source = dirname(__DIR__, 3).'/php/src';
        $script = implode(' ', array_map(static fn (string $class) => "require '{$source}/{$class}.php';", [
            'Exception', 'InvalidConfiguration', 'Broadcasting/EventLimit', 'Broadcasting/Transport', 'Broadcasting/Transports/FfiTransport',
        ])).' new Canyon\Broadcasting\Transports\FfiTransport("/nowhere", "4242", "", $argv[1]);';

        $process = Php::withoutExtension([...$options, '-r', $script, '--', Library::path()], []);
        $process->run();

        $this->assertSame(255, $process->getExitCode());
        $this->assertStringContainsString($expected, $process->getOutput().$process->getErrorOutput());
    }

    public static function interpreters(): iterable
    {
        return [
            'disabled' => [['-d', 'ffi.enable=false'], 'FFI extension may not be used here (cli): ffi.enable is [false]'],
            // Debian's is a shared library, which no php.ini loads here.
            'missing' => [['-n'], 'needs PHP\'s FFI extension, which is not loaded (cli, no php.ini)'],
        ];
    }

    private function transport(): FfiTransport
    {
        return new FfiTransport($this->queue, '4242', '', Library::path());
    }
}
