<?php

namespace Canyon\Tests\Server;

use Canyon\Tests\Support\Port;
use Canyon\Tests\Support\Systemd;
use Canyon\Tests\Support\Wait;
use Canyon\Tests\Support\WebSocketClient;
use Canyon\Tests\TestCase;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;
use RuntimeException;

/**
 * The units of canyon:install --deploy=systemd under a real systemd, with all that they forbid.
 */
#[RequiresPhpExtension('canyon')]
final class SystemdTest extends TestCase
{
    private const APP = '/srv/app';

    private ?Systemd $systemd = null;

    private int $port;

    protected function setUp(): void
    {
        $this->port = Port::unused();
        $this->environment['CANYON_QUEUE_GROUP'] = 'www-data';
        $this->environment['CANYON_SERVER_PORT'] = (string) $this->port;

        parent::setUp();

        $this->artisan('canyon:install', ['--deploy' => 'systemd', '--no-interaction' => true])->assertSuccessful();

        $this->systemd = Systemd::boot([$this->skeleton->path => self::APP, dirname(__DIR__, 3) => dirname(__DIR__, 3)]);
        $this->systemd->write('/etc/sysusers.d/canyon.conf', $this->recipe('canyon.sysusers'));
        $this->systemd->write('/etc/tmpfiles.d/canyon.conf', $this->recipe('canyon.tmpfiles'));
        $this->systemd->ask(['systemd-sysusers']);
        $this->systemd->ask(['systemd-tmpfiles', '--create', '/etc/tmpfiles.d/canyon.conf']);
    }

    protected function tearDown(): void
    {
        $this->systemd?->stop();

        parent::tearDown();
    }

    public function test_the_unit_of_the_binary_starts_reloads_restarts_and_stops(): void
    {
        $this->systemd->ask(['install', (string) getenv('CANYON_BIN'), '/usr/local/bin/canyon']);
        $this->configureBinary('');
        $this->installUnits($this->recipe('canyon-binary.service'));

        $this->assertServed('0.1.0');

        // What the old server would not have done with a mistake in its configuration, "systemctl reload" tells.
        $client = $this->connect();
        $this->configureBinary('nonsense = 1');
        $this->assertNotSame(0, $this->systemd->run(['systemctl', 'reload', 'canyon'])->getExitCode());
        $this->assertSame('active', $this->systemd->property('canyon', 'ActiveState'));
        $this->configureBinary('');
        $this->systemd->ask(['systemctl', 'reload', 'canyon']);
        $client->subscribe('reloaded');

        $this->assertReplacedWhenFrozen();
        $this->assertStopped();
    }

    public function test_the_unit_of_artisan_starts_reloads_and_stops(): void
    {
        $this->installUnits($this->recipe('canyon.service'), environment: [
            ...$this->environment,
            'CANYON_TESTS' => dirname(__DIR__),
            ...array_intersect_key(getenv(), array_flip(['CANYON_EXTENSION', 'LARAVEL_AUTOLOAD', 'MOCKERY_AUTOLOAD'])),
        ]);
        $this->ensureAppIsShared();

        $this->assertServed('0.1.0');
        $this->assertStopped();
    }

    public function test_nobody_is_refused_while_the_server_restarts_behind_its_socket(): void
    {
        $this->systemd->ask(['install', (string) getenv('CANYON_BIN'), '/usr/local/bin/canyon']);
        $this->configureBinary('');
        $this->installUnits($this->recipe('canyon-binary.service'), socket: true);

        $this->assertSame('inactive', $this->systemd->property('canyon', 'ActiveState'));
        $this->connect()->subscribe('the-first-starts-it');
        $this->assertSame('active', $this->systemd->property('canyon', 'ActiveState'));

        $client = $this->connect();
        $client->subscribe('orders');
        $this->systemd->ask(['systemctl', 'reload', 'canyon']);
        $client->subscribe('reloaded');

        $this->systemd->ask(['systemctl', 'stop', 'canyon']);
        $this->assertSame('inactive', $this->systemd->property('canyon', 'ActiveState'));
        $this->connect()->subscribe('who-comes-in-between');

        $this->systemd->ask(['systemctl', 'stop', 'canyon.socket', 'canyon']);
        $this->assertFalse(Port::isOpen($this->port));
    }

    /**
     * What a unit has to do for its clients and for whoever looks.
     */
    private function assertServed(string $version): void
    {
        $this->systemd->ask(['systemctl', 'start', 'canyon']);

        $parent = $this->systemd->property('canyon', 'MainPID');
        $this->assertStringContainsString("(generation 1, {$version})", $this->systemd->property('canyon', 'StatusText'));
        $this->assertSame('canyon www-data 2770', $this->systemd->ask(['stat', '-c', '%U %G %a', '/run/canyon/4242']));

        $client = $this->connect();
        $client->subscribe('orders');
        $this->systemd->ask(['systemctl', 'reload', 'canyon']);
        $client->subscribe('reloaded');

        $this->assertStringContainsString("(generation 2, {$version})", $this->systemd->property('canyon', 'StatusText'));
        $this->assertSame([$parent, 'running'], [$this->systemd->property('canyon', 'MainPID'), $this->systemd->property('canyon', 'SubState')]);
    }

    /**
     * A server that does not answer is replaced by its parent, before systemd would do it.
     */
    private function assertReplacedWhenFrozen(): void
    {
        $parent = $this->systemd->property('canyon', 'MainPID');
        $this->systemd->ask(['pkill', '-STOP', '-P', $parent]);

        Wait::until(fn () => str_contains($this->systemd->log(), 'the server has not answered for 15 s: it is killed'), fn () => $this->systemd->log());
        Wait::until(fn () => str_contains($this->systemd->property('canyon', 'StatusText'), 'generation 4'), fn () => $this->systemd->log());

        $this->connect()->subscribe('orders');
        $this->assertSame([$parent, '0'], [$this->systemd->property('canyon', 'MainPID'), $this->systemd->property('canyon', 'NRestarts')]);
    }

    private function assertStopped(): void
    {
        $client = $this->connect();
        $client->subscribe('orders');

        $this->systemd->ask(['systemctl', 'stop', 'canyon']);

        $this->assertSame(['inactive', 'success'], [$this->systemd->property('canyon', 'ActiveState'), $this->systemd->property('canyon', 'Result')]);
        $this->assertFalse(Port::isOpen($this->port));

        // The events that wait are there, and PHP does not look elsewhere.
        $this->systemd->ask(['test', '-d', '/run/canyon/4242']);
    }

    private function connect(): WebSocketClient
    {
        try {
            return new WebSocketClient($this->port, '278d425bdf160c739803');
        } catch (RuntimeException $e) {
            $this->fail($e->getMessage().' '.$this->systemd->log());
        }
    }

    private function recipe(string $file): string
    {
        $contents = (string) file_get_contents($this->skeleton->path."/deploy/canyon/systemd/{$file}");

        // Elsewhere than in the folder for temporary files, of which a service has one of its own.
        return str_replace($this->skeleton->path, self::APP, $contents);
    }

    /**
     * @param  array<string, string>  $environment
     */
    private function installUnits(string $service, bool $socket = false, array $environment = []): void
    {
        $lines = array_map(fn (string $name, string $value) => "Environment=\"{$name}={$value}\"", array_keys($environment), $environment);

        // The package itself may lie there.
        $temporary = str_starts_with(dirname(__DIR__, 3), sys_get_temp_dir()) ? "PrivateTmp=no\n" : '';

        $this->systemd->write('/etc/systemd/system/canyon.service', $service);
        $this->systemd->write('/etc/systemd/system/canyon.service.d/tests.conf', "[Service]\n".implode("\n", $lines)."\n{$temporary}");

        if ($socket) {
            $this->systemd->write('/etc/systemd/system/canyon.socket', $this->recipe('canyon.socket'));
        }

        $this->systemd->ask(['systemctl', 'daemon-reload']);

        if ($socket) {
            $this->systemd->ask(['systemctl', 'start', 'canyon.socket']);
        }
    }

    private function configureBinary(string $line): void
    {
        $this->systemd->write('/etc/canyon/canyon.toml', <<<TOML
            listen = ["127.0.0.1:{$this->port}"]
            queue_group = "www-data"
            {$line}
            [[app]]
            id = "4242"
            key = "278d425bdf160c739803"
            secret = "7ad3773142a6692b25b8"
            TOML, group: 'www-data');
    }

    /**
     * Let the group read the application and write to its storage directory, as the unit says.
     */
    private function ensureAppIsShared(): void
    {
        $this->systemd->ask(['chgrp', '-R', 'www-data', self::APP]);
        $this->systemd->ask(['chmod', '-R', 'g+rwX', self::APP.'/storage', self::APP.'/bootstrap/cache']);
    }
}
