<?php

namespace Canyon\Tests\Server;

use Canyon\Tests\Support\Port;
use Canyon\Tests\Support\Wait;
use Canyon\Tests\Support\WebSocketClient;
use Illuminate\Support\Facades\Broadcast;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;
use Symfony\Component\Process\Process;

/**
 * The recipes of canyon:install --deploy with the programs they are for, and a real server behind them.
 */
#[RequiresPhpExtension('canyon')]
final class DeployedServerTest extends ServerTestCase
{
    private ?Process $proxy = null;

    protected function tearDown(): void
    {
        $this->proxy?->stop(10);

        parent::tearDown();
    }

    public function test_nginx_hands_clients_and_the_http_api_on_and_tells_where_they_come_from(): void
    {
        $nginx = $this->program('NGINX');
        $this->environment['CANYON_MAX_CONNECTIONS_PER_ADDRESS'] = '1';
        $this->start();
        $folder = $this->recipe('nginx');
        $port = Port::unused();

        $this->configure("{$folder}/nginx.conf", $this->nginxConfiguration(<<<NGINX
            server {
                listen 127.0.0.1:{$port};
                include {$folder}/canyon.conf;
                location / { return 200 "a page of the site"; }
            }
            NGINX));

        $command = [$nginx, '-p', $folder, '-e', 'stderr', '-c', "{$folder}/nginx.conf"];
        $this->assertStringContainsString('test is successful', (new Process([...$command, '-t']))->mustRun()->getErrorOutput());

        $this->startProxy($command, $port);
        $this->assertProxied($port);
        $this->assertSame('a page of the site', file_get_contents("http://127.0.0.1:{$port}/app/of-my-own"));

        // A proxy on this host before this one, so to speak: nginx adds where it was called from.
        $connect = fn () => new WebSocketClient($port, '278d425bdf160c739803', "X-Forwarded-For: 203.0.113.9\r\n");
        $first = $connect();

        $this->expectExceptionMessage('Too many connections from your address');
        $connect();
    }

    public function test_caddy_hands_clients_and_the_http_api_on(): void
    {
        $caddy = $this->program('CADDY');
        $this->start();
        $folder = $this->recipe('caddy');
        $port = Port::unused();

        // No certificate in a test; all else is as it was written.
        $recipe = (string) file_get_contents("{$folder}/Caddyfile");
        $this->assertStringContainsString("\nlocalhost {\n", $recipe);
        $this->configure("{$folder}/Caddyfile", "{\n\tadmin off\n}\n".str_replace("\nlocalhost {\n", "\nhttp://127.0.0.1:{$port} {\n\tbind 127.0.0.1\n", $recipe));

        $environment = ['HOME' => $folder, 'XDG_DATA_HOME' => $folder, 'XDG_CONFIG_HOME' => $folder];
        (new Process([$caddy, 'validate', '--config', "{$folder}/Caddyfile"], env: $environment))->mustRun();

        $this->startProxy([$caddy, 'run', '--config', "{$folder}/Caddyfile"], $port, $environment);
        $this->assertProxied($port);
    }

    public function test_the_site_of_the_docker_recipe_is_one_that_nginx_accepts(): void
    {
        $nginx = $this->program('NGINX');
        $folder = $this->recipe('docker');

        // The name of the other container can be looked up in Docker only.
        $site = str_replace(['fastcgi_pass app:9000', 'listen 80'], ['fastcgi_pass 127.0.0.1:9000', 'listen 127.0.0.1:'.Port::unused()], (string) file_get_contents("{$folder}/nginx.conf"));
        $this->configure("{$folder}/fastcgi_params", "fastcgi_param REQUEST_METHOD \$request_method;\n");
        $this->configure("{$folder}/test.conf", $this->nginxConfiguration($site));

        $test = new Process([$nginx, '-p', $folder, '-e', 'stderr', '-c', "{$folder}/test.conf", '-t']);

        $this->assertSame(0, $test->run(), $test->getErrorOutput());
    }

    public function test_supervisor_keeps_the_server_running(): void
    {
        $python = $this->program('PYTHON');
        $folder = $this->recipe('supervisor');

        $this->configure("{$folder}/supervisord.conf", <<<INI
            [supervisord]
            nodaemon=true
            logfile=/dev/null
            logfile_maxbytes=0
            pidfile={$folder}/supervisord.pid

            [unix_http_server]
            file={$folder}/supervisor.sock

            [rpcinterface:supervisor]
            supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

            [supervisorctl]
            serverurl=unix://{$folder}/supervisor.sock

            [include]
            files={$folder}/canyon.conf
            INI);

        $this->startProxy([$python, '-m', 'supervisor.supervisord', '-n', '-c', "{$folder}/supervisord.conf"], $this->port, $this->environment + ['CANYON_TESTS' => dirname(__DIR__)]);

        $control = fn (string ...$command) => (new Process([$python, '-m', 'supervisor.supervisorctl', '-c', "{$folder}/supervisord.conf", ...$command], timeout: 60))->run();
        $log = fn () => (string) file_get_contents($this->skeleton->path.'/storage/logs/canyon.log');

        $client = $this->connect();
        $client->subscribe('orders');

        // An end before this is one of an attempt to start, which is repeated in any case.
        Wait::until(fn () => str_contains($this->proxy->getOutput(), 'entered RUNNING state'), fn () => $this->proxy->getOutput());

        $parent = $this->listener();
        $this->assertSame(0, $control('signal', 'USR2', 'canyon'));
        Wait::until(fn () => str_contains($log(), 'reloaded: 1 clients handed over'), $log);
        $client->subscribe('reloaded');
        $this->assertSame($parent, $this->listener());

        posix_kill($first = $parent, SIGKILL);
        Wait::until(fn () => Port::isOpen($this->port) && ! in_array($this->listener(), [0, $first], true), fn () => $this->proxy->getErrorOutput());

        $this->connect()->subscribe('orders');

        // As supervisor hears it from its own command, then from its end.
        $this->assertSame(0, $control('stop', 'canyon'));
        $this->assertFalse(Port::isOpen($this->port));
        $this->assertStringContainsString('Stopping the server.', $log());

        $this->assertSame(0, $control('start', 'canyon'));
        Wait::until(fn () => Port::isOpen($this->port), $log);
        $this->assertSame(0, $this->proxy->stop(20, SIGTERM) ?? 0);
        $this->assertFalse(Port::isOpen($this->port));
    }

    /**
     * Both entrances of the server, seen through a proxy.
     */
    private function assertProxied(int $port): void
    {
        $client = new WebSocketClient($port, '278d425bdf160c739803');
        $client->subscribe('orders');

        // Through shared memory, and through the proxy's HTTP API: as large as an event may be, and twice that when quoted.
        Broadcast::on('orders')->as('shipped')->with(['way' => 'memory'])->sendNow();
        $this->assertSame('{"way":"memory"}', $client->expect('shipped')['data']);

        config(['broadcasting.connections.remote' => ['driver' => 'canyon', 'transport' => 'http', 'http' => ['host' => '127.0.0.1', 'port' => $port]]]);

        $large = str_repeat('"', 500_000);
        Broadcast::on('orders')->via('remote')->as('shipped')->with(['way' => $large])->sendNow();
        $this->assertSame(json_encode(['way' => $large]), $client->expect('shipped')['data']);
    }

    /**
     * Write a recipe, and get its folder.
     */
    private function recipe(string $name): string
    {
        $this->artisan('canyon:install', ['--deploy' => $name, '--no-interaction' => true])->assertSuccessful();

        return $this->skeleton->path."/deploy/canyon/{$name}";
    }

    private function nginxConfiguration(string $site): string
    {
        return <<<NGINX
            daemon off;
            pid nginx.pid;
            events { worker_connections 64; }
            http {
                access_log off;
                client_body_temp_path body;
                proxy_temp_path proxy;
                fastcgi_temp_path fastcgi;
                uwsgi_temp_path uwsgi;
                scgi_temp_path scgi;
                {$site}
            }
            NGINX;
    }

    private function configure(string $path, string $contents): void
    {
        file_put_contents($path, $contents."\n");
    }

    /**
     * @param  list<string>  $command
     * @param  array<string, string>  $environment
     */
    private function startProxy(array $command, int $port, array $environment = []): void
    {
        $this->proxy = new Process($command, env: $environment, timeout: 60);
        $this->proxy->start();

        Wait::until(fn () => Port::isOpen($port), fn () => $this->proxy->getOutput().$this->proxy->getErrorOutput());
    }

    /**
     * Get the process that supervisor has started.
     */
    private function listener(): int
    {
        $children = (string) @file_get_contents("/proc/{$this->proxy->getPid()}/task/{$this->proxy->getPid()}/children");

        return (int) $children;
    }

    private function program(string $variable): string
    {
        $path = (string) getenv($variable);

        return is_executable($path) ? $path : $this->markTestSkipped("There is no program at [{$path}]. Source tests/setup/env.sh, after tests/setup/install.");
    }
}
