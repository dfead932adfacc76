<?php

namespace Canyon\Tests\Server;

use Canyon\Tests\Fixtures\OrderShipped;
use Canyon\Tests\Support\InstallableApp;
use Canyon\Tests\Support\Port;
use Canyon\Tests\Support\Wait;
use Canyon\Tests\Support\WebSocketClient;
use Dotenv\Dotenv;
use Illuminate\Filesystem\Filesystem;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;
use PHPUnit\Framework\TestCase;
use Symfony\Component\Process\Process;

/**
 * From canyon:install to an event in Laravel Echo, with nothing done by hand: real npm, real packages, a real server.
 */
#[RequiresPhpExtension('canyon')]
final class InstalledAppTest extends TestCase
{
    private InstallableApp $app;

    private string $queue;

    /** @var list<Process> */
    private array $processes = [];

    protected function setUp(): void
    {
        if ($this->modules() === null) {
            $this->markTestSkipped('There are no JavaScript packages. Source tests/setup/env.sh, after tests/setup/install.');
        }

        $this->queue = (is_dir('/dev/shm') ? '/dev/shm' : sys_get_temp_dir()).'/canyon-test-'.bin2hex(random_bytes(8));
    }

    protected function tearDown(): void
    {
        foreach ($this->processes as $process) {
            $process->stop(5);
        }

        $this->app->delete();

        (new Filesystem)->deleteDirectory($this->queue);
    }

    public function test_an_event_reaches_echo_in_an_application_that_was_just_installed(): void
    {
        $this->app = InstallableApp::create();
        $this->app->write('package.json', '{"private": true, "type": "module"}');
        $this->app->write('resources/js/bootstrap.js', '');

        $this->npm('canyon:install', '--no-interaction')->mustRun();

        $packages = json_decode($this->app->read('package.json'), true);
        $this->assertSame(['laravel-echo', 'pusher-js'], array_keys($packages['devDependencies']));

        $port = $this->startServer();
        $browser = $this->openBrowser($this->bundle('resources/js/app.js', ['VITE_REVERB_PORT' => $port]));

        $this->app->artisan(['ship', '7'], $this->environment($port))->mustRun();

        Wait::until(fn () => str_contains($browser->getOutput(), "\n"), fn () => $browser->getErrorOutput());
        $this->assertSame('{"order":7}'."\n", $browser->getOutput());
    }

    #[DataProvider('applications')]
    public function test_what_an_application_broadcasts_arrives(string $variant, string $key): void
    {
        $this->app = InstallableApp::create($variant);
        $this->app->install('--switch');

        $client = new WebSocketClient($port = $this->startServer(), $key ?: $this->app->config('canyon.app.key')[0]);
        $client->subscribe('orders');

        $this->app->artisan(['ship', '7'], $this->environment($port))->mustRun();

        $this->assertSame('{"order":7}', $client->expect(OrderShipped::class)['data']);
    }

    public static function applications(): iterable
    {
        return [
            'Reverb' => ['reverb', 'kept-reverb-key'],
            'Pusher' => ['pusher', 'kept-pusher-key'],
            'edited by hand' => ['hand-edited', ''],
            'Laravel 10' => ['legacy', ''],
        ];
    }

    public function test_the_scripts_of_react_and_vue_find_what_they_import(): void
    {
        foreach (['react' => 'app.tsx', 'vue' => 'app.ts'] as $framework => $entry) {
            $this->app = InstallableApp::create($framework);
            $this->app->install();

            symlink((string) $this->modules(), $this->app->path.'/node_modules');
            $bundle = (string) file_get_contents($this->bundle("resources/js/{$entry}", []));

            // The name of the app, and the key that it is called by, are part of what browsers get.
            $this->assertStringContainsString('broadcaster: "reverb"', $bundle);
            $this->assertStringContainsString($this->app->config('canyon.app.key')[0], $bundle);

            $this->app->delete();
        }
    }

    /**
     * Prepare an artisan command that uses npm, which must not look around in the packages of the tests.
     */
    private function npm(string ...$arguments): Process
    {
        return $this->app->artisan($arguments, ['NODE_PATH' => false, 'npm_config_prefer_offline' => 'true', 'npm_config_audit' => 'false', 'npm_config_fund' => 'false'])
            ->setTimeout(180);
    }

    private function startServer(): int
    {
        $server = $this->app->artisan(['canyon:start', '--host=127.0.0.1', '--port='.($port = Port::unused())], $this->environment($port));
        $this->processes[] = $server;

        $server->start();
        $server->waitUntil(static fn (string $type, string $output) => str_contains($output, 'listening on'));
        $this->assertTrue($server->isRunning(), $server->getOutput().$server->getErrorOutput());

        return $port;
    }

    /**
     * Build a script as Vite does: with the variables of the environment file in it.
     *
     * @param  array<string, mixed>  $variables
     */
    private function bundle(string $script, array $variables): string
    {
        $variables += Dotenv::parse($this->app->read('.env'));
        $environment = array_filter($variables, static fn (string $name) => str_starts_with($name, 'VITE_'), ARRAY_FILTER_USE_KEY);

        (new Process([
            $this->modules().'/.bin/esbuild', $this->app->path.'/'.$script, '--bundle', '--platform=node', '--format=cjs', '--jsx=automatic',
            '--log-level=error', '--define:import.meta.env='.json_encode($environment), '--outfile='.$this->app->path.'/public/build.cjs',
        ], $this->app->path))->mustRun();

        return $this->app->path.'/public/build.cjs';
    }

    /**
     * Run the script where there is a window, and print the data of the first event.
     */
    private function openBrowser(string $script): Process
    {
        $browser = new Process(['node', '-e', <<<'JS'
            globalThis.window = globalThis;
            require(process.argv[1]);
            Echo.channel('orders').listen('.Canyon\\Tests\\Fixtures\\OrderShipped', (event) => {
                console.log(JSON.stringify(event));
                Echo.disconnect();
            }).subscribed(() => process.stderr.write('subscribed'));
            JS, $script]);
        $this->processes[] = $browser;

        $browser->start();
        $browser->waitUntil(static fn (string $type, string $output) => str_contains($output, 'subscribed'));
        $this->assertTrue($browser->isRunning(), $browser->getOutput().$browser->getErrorOutput());

        return $browser;
    }

    /**
     * @return array<string, string>
     */
    private function environment(int $port): array
    {
        return ['CANYON_QUEUE' => $this->queue, 'CANYON_PORT' => (string) $port];
    }

    private function modules(): ?string
    {
        $path = (string) getenv('NODE_PATH');

        return is_dir($path) ? $path : null;
    }
}
