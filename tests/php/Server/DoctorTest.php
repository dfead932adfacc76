<?php

namespace Canyon\Tests\Server;

use Canyon\Tests\Support\Artisan;
use Canyon\Tests\Support\Doctor;
use Canyon\Tests\Support\HttpServer;
use Canyon\Tests\Support\Library;
use Canyon\Tests\Support\Port;
use Canyon\Tests\Support\TlsProxy;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;
use Symfony\Component\Process\Process;

/**
 * What canyon:doctor finds with a real server, and with something else in its place.
 */
#[RequiresPhpExtension('canyon')]
final class DoctorTest extends ServerTestCase
{
    #[DataProvider('transports')]
    public function test_a_healthy_installation_is_healthy(string $configured, string $expected): void
    {
        $this->start();
        $library = $configured === 'ffi' ? Library::path() : null;

        $findings = $this->examine(['canyon.transport' => $configured, 'canyon.ffi_library' => $library]);

        $this->assertSame([], $findings->failures(), $findings->output);
        $this->assertSame(0, $findings->exitCode);
        $findings->assertPassed('Transport', $expected);
        $findings->assertPassed('Extension in cli '.PHP_VERSION, phpversion('canyon'));
        $findings->assertPassed('HTTP API', "http://127.0.0.1:{$this->port} is healthy");
        $findings->assertPassed('Clocks', 'agree');
        $findings->assertPassed('App ID, key and secret', 'app [4242]');
        $findings->assertPassed('WebSocket', "127.0.0.1:{$this->port}/app/278d425bdf160c739803");
        $findings->assertPassed('An event to a browser', 'it arrived');
        $findings->assertSkipped('TLS', 'neither');
        $findings->assertPassed('Private channels', 'authorized at [/broadcasting/auth], [/broadcasting/auth/batch]');

        if ($configured === 'http') {
            $findings->assertSkipped('Queue directory', 'does not use');
        } else {
            $findings->assertPassed('Queue directory', "{$this->queue} belongs to");
            $findings->assertPassed('Server at the queue', 'alive since');
        }
    }

    public static function transports(): iterable
    {
        yield 'auto' => ['auto', 'extension, because CANYON_TRANSPORT is "auto" and the extension is loaded'];
        yield 'extension' => ['extension', 'extension, because CANYON_TRANSPORT says so'];
        yield 'ffi' => ['ffi', 'ffi, because CANYON_TRANSPORT says so; the library has version'];
        yield 'http' => ['http', 'because CANYON_TRANSPORT says so'];
    }

    public function test_its_secret_is_never_printed(): void
    {
        $this->start();

        $this->assertStringNotContainsString('7ad3773142a6692b25b8', $this->examine()->output);
        $this->assertStringNotContainsString('hush-hush', $this->examine(['canyon.app.secret' => 'hush-hush'])->output);
    }

    public function test_without_a_server_it_says_how_to_start_one_and_makes_no_queue(): void
    {
        $findings = $this->examine();

        $this->assertSame(1, $findings->exitCode);
        $findings->assertFailed('Server at the queue', 'does not exist', 'php artisan canyon:start');
        $findings->assertWarned('HTTP API', 'Connection refused', 'Is the server running');
        $findings->assertSkipped('Clocks', 'no answer');
        $findings->assertFailed('WebSocket', 'Connection refused', 'Is the server running');
        $findings->assertSkipped('An event to a browser', 'no connection');
        $this->assertDirectoryDoesNotExist($this->queue);
    }

    public function test_without_a_server_http_cannot_be_the_transport(): void
    {
        $this->examine(['canyon.transport' => 'http'])->assertFailed('HTTP API', 'Connection refused', 'CANYON_PORT');
    }

    #[DataProvider('mismatches')]
    public function test_what_the_server_was_started_with_otherwise_is_named(array $config, string $subject, string $detail, string $advice): void
    {
        $this->start();

        $findings = $this->examine($config);

        $this->assertSame(1, $findings->exitCode);
        $findings->assertFailed($subject, $detail, $advice);
    }

    public static function mismatches(): iterable
    {
        yield 'id' => [['canyon.app.id' => '99'], 'App ID, key and secret', 'no app with the ID [99]', 'CANYON_APP_ID'];
        yield 'key' => [['canyon.app.key' => 'other'], 'App ID, key and secret', 'another key for app [4242] than [other]', 'CANYON_APP_KEY'];
        yield 'key, in the browser' => [['canyon.app.key' => 'other'], 'WebSocket', '4001', 'CANYON_APP_KEY'];
        yield 'secret' => [['canyon.app.secret' => 'other'], 'App ID, key and secret', 'another secret for app [4242]', 'CANYON_APP_SECRET'];
        yield 'path prefix' => [['canyon.server.path_prefix' => 'ws'], 'HTTP API', 'status 404', 'CANYON_PATH_PREFIX'];
        yield 'path prefix, in the browser' => [['canyon.server.path_prefix' => 'ws'], 'WebSocket', '4005', 'CANYON_PATH_PREFIX'];
    }

    public function test_a_queue_that_the_server_does_not_drain_is_found_by_its_heartbeat_and_by_the_event(): void
    {
        $this->start();
        mkdir($other = "{$this->queue}-other", 0700);

        try {
            $findings = $this->examine(['canyon.queue' => $other]);
        } finally {
            $this->app['files']->deleteDirectory($other);
        }

        $findings->assertFailed('Server at the queue', 'no server drains the queue', 'CANYON_QUEUE');
        $findings->assertFailed('An event to a browser', 'did not arrive', 'Is it the same server?');
    }

    public function test_root_does_not_touch_the_queue_of_another_user(): void
    {
        $this->start();

        if (posix_geteuid() !== 0) {
            $this->markTestSkipped('Only root can give a directory away.');
        }

        chown($this->queue, 65534);
        $rings = glob("{$this->queue}/ring.*");

        $findings = $this->examine();

        $findings->assertSkipped('Server at the queue', 'runs as root, for whom the queue is not meant; run this command as the user it belongs to');
        $findings->assertSkipped('An event to a browser', 'runs as root');
        $this->assertSame($rings, glob("{$this->queue}/ring.*"));
    }

    public function test_a_file_system_without_room_is_found(): void
    {
        mkdir($this->queue, 0700);

        if ((new Process(['unshare', '-m', 'mount', '-t', 'tmpfs', 'canyon', $this->queue]))->run() !== 0) {
            $this->markTestSkipped('Needs the right to mount a file system of its own.');
        }

        $doctor = Artisan::process($this->skeleton, ['canyon:doctor', '--no-ansi'], $this->environment)->getCommandLine();

        foreach (['1M' => 'FAILED', '8M' => 'WARNING', '64M' => 'OK'] as $size => $verdict) {
            $process = Process::fromShellCommandline(
                "unshare -m sh -c 'mount -t tmpfs -o size={$size},mode=700 canyon \"\$0\" && exec \"\$@\"' ".escapeshellarg($this->queue)." {$doctor}",
                env: $this->environment + ['CANYON_TESTS' => dirname(__DIR__)],
            );
            $process->run();

            $this->assertMatchesRegularExpression("/Room for the queue \\.+ {$verdict} +\n +\\d+ MB of \\d+ MB free/", $process->getOutput());
        }
    }

    public function test_a_queue_that_is_not_in_memory_is_found(): void
    {
        mkdir($queue = $this->skeleton->path.'/queue', 0700);

        if (in_array(trim((string) shell_exec('stat -f -c %T '.escapeshellarg($queue))), ['tmpfs', 'ramfs', ''], true)) {
            $this->markTestSkipped('The directory for temporary files is in memory.');
        }

        $this->examine(['canyon.queue' => $queue])->assertWarned('Room for the queue', ', but on ', 'a directory in /dev/shm or /run');
    }

    public function test_a_queue_that_others_may_write_is_refused(): void
    {
        mkdir($this->queue);
        chmod($this->queue, 0777);

        $this->examine()->assertFailed('Server at the queue', 'has mode 0777', '');
    }

    public function test_a_file_is_no_queue(): void
    {
        touch($this->queue);

        try {
            $this->examine()->assertFailed('Queue directory', 'is not a directory', 'CANYON_QUEUE');
        } finally {
            unlink($this->queue);
        }
    }

    public function test_a_queue_of_another_version_is_named(): void
    {
        $this->start();
        $this->server->stop(5);
        // The page begins with the version and then the magic; see src/queue/layout.rs.
        $control = fopen("{$this->queue}/control", 'r+');
        $this->assertSame(pack('V', 1).'NYNC', fread($control, 8));
        rewind($control);
        fwrite($control, pack('V', 99));
        fclose($control);

        $this->examine()->assertFailed('Server at the queue', 'version 99', '');
    }

    public function test_an_origin_that_is_not_allowed_is_told_with_where_to_add_it(): void
    {
        $this->environment['CANYON_APP_ALLOWED_ORIGINS'] = 'example.com';
        $this->start();

        $this->examine(['app.url' => 'https://shop.example.org'])->assertFailed('WebSocket', '4009 Origin not allowed', '[https://shop.example.org] to CANYON_APP_ALLOWED_ORIGINS');
        $this->examine(['app.url' => 'https://example.com'])->assertPassed('WebSocket', '/app/');
    }

    #[DataProvider('strangers')]
    public function test_something_else_at_the_public_address_is_told_apart(int $status, string $advice): void
    {
        $this->start();
        $stranger = new HttpServer(['status' => $status, 'body' => '<html></html>']);

        try {
            $findings = $this->examine([], ['--url' => "http://127.0.0.1:{$stranger->port}"]);
        } finally {
            $stranger->stop();
        }

        $findings->assertFailed('WebSocket', "status {$status} instead of 101", $advice);
        $findings->assertPassed('HTTP API', 'healthy');
    }

    public static function strangers(): iterable
    {
        return [[200, 'proxy_http_version 1.1'], [404, 'does a proxy in between pass /app on to it?'], [502, 'but not the server behind it']];
    }

    public function test_something_else_at_the_api_address_is_told_apart(): void
    {
        $this->start();
        $stranger = new HttpServer(['status' => 404, 'body' => 'Not Found']);

        try {
            $findings = $this->examine(['canyon.http.port' => $stranger->port], ['--url' => "ws://127.0.0.1:{$this->port}"]);
        } finally {
            $stranger->stop();
        }

        $findings->assertFailed('HTTP API', 'answers with status 404', '/app, /apps and /up');
        $findings->assertFailed('App ID, key and secret', 'answers with status 404: Not Found', 'pass /apps on');
        $findings->assertPassed('WebSocket', '(from --url)');
    }

    public function test_clocks_that_differ_are_found(): void
    {
        foreach ([3600 => 'Failed', 120 => 'Warned'] as $seconds => $verdict) {
            $stranger = new HttpServer(['body' => '{"health":"OK"}', 'head' => 'Date: '.gmdate('D, d M Y H:i:s', time() - $seconds)." GMT\r\n"]);

            try {
                $findings = $this->examine(['canyon.http.port' => $stranger->port]);
            } finally {
                $stranger->stop();
            }

            $findings->{"assert{$verdict}"}('Clocks', 'differ by ', 'NTP');
        }
    }

    public function test_a_server_that_does_not_answer_is_not_waited_for(): void
    {
        $stranger = new HttpServer(['hang' => true]);

        try {
            $findings = $this->examine(['canyon.http.port' => $stranger->port], ['--url' => 'http://127.0.0.1:'.Port::unused()]);
        } finally {
            $stranger->stop();
        }

        $findings->assertWarned('HTTP API', 'there was no answer within', 'Is the server running');
    }

    public function test_tls_is_spoken_and_a_certificate_nobody_trusts_is_told(): void
    {
        $this->start();
        $proxy = new TlsProxy($this->port);

        try {
            $url = ['--url' => "https://127.0.0.1:{$proxy->port}"];
            $distrusted = $this->examine([], $url);
            putenv("SSL_CERT_FILE={$proxy->certificate}");
            $trusted = $this->examine([], $url);
        } finally {
            putenv('SSL_CERT_FILE');
            $proxy->stop();
        }

        $distrusted->assertFailed('WebSocket', 'certificate verify failed', 'Is the server running');
        $distrusted->assertFailed('TLS', 'certificate verify failed', 'Browsers need a certificate for this very host');
        // It is made for a day.
        $trusted->assertWarned('TLS', 'the certificate of [127.0.0.1] is valid until '.date('Y-m-d', time() + 86400), 'Renew it.');
        $trusted->assertPassed('WebSocket', "https://127.0.0.1:{$proxy->port}/app/");
        $trusted->assertPassed('An event to a browser', 'it arrived');
        $this->examine([], ['--url' => "https://127.0.0.1:{$this->port}"])->assertFailed('WebSocket', 'SSL', 'Is the server running');
    }

    /**
     * @param  array<string, mixed>  $config
     * @param  array<string, string>  $options
     */
    private function examine(array $config = [], array $options = []): Doctor
    {
        $this->withoutMockingConsoleOutput();
        config($config);

        return new Doctor($options);
    }
}
