<?php

namespace Canyon\Tests\Feature;

use Canyon\Installer\Recipe;
use Canyon\Tests\Support\InstallableApp;
use Illuminate\Filesystem\Filesystem;
use PHPUnit\Framework\TestCase;
use Symfony\Component\Process\ExecutableFinder;
use Symfony\Component\Process\Process;

/**
 * What canyon:install --deploy writes, and what can be checked without running it.
 */
final class RecipesTest extends TestCase
{
    private InstallableApp $app;

    protected function setUp(): void
    {
        $this->app = InstallableApp::create('reverb');
    }

    protected function tearDown(): void
    {
        $this->app->delete();
    }

    public function test_all_recipes_are_filled_in_and_nothing_else_is_written(): void
    {
        $before = $this->app->state();

        $this->app->install('--deploy=all');

        $written = array_diff_key($this->app->state(), $before);
        $this->assertSame(['caddy', 'docker', 'forge', 'frankenphp', 'nginx', 'sail', 'supervisor', 'systemd'], Recipe::names());
        $this->assertSame($before, array_intersect_key($this->app->state(), $before));

        foreach ($written as $path => [$contents]) {
            $this->assertMatchesRegularExpression('~\Adeploy/canyon/('.implode('|', Recipe::names()).')/~', $path);
            $this->assertStringNotContainsString('{{', $contents, $path);
            $this->assertStringNotContainsString('kept-reverb-secret', $contents, $path);
        }

        $nginx = $this->app->read('deploy/canyon/nginx/canyon.conf');
        $this->assertStringContainsString('location = /app/kept-reverb-key {', $nginx);
        $this->assertStringContainsString('location /apps/731946/ {', $nginx);
        $this->assertStringContainsString('CANYON_HOST=harbour.example', $nginx);
        $this->assertStringContainsString('ExecStart='.PHP_BINARY." {$this->app->path}/artisan canyon:start ", $this->app->read('deploy/canyon/systemd/canyon.service'));
    }

    public function test_the_path_is_one_that_outlives_a_release(): void
    {
        $site = $this->app->path.'-site';
        mkdir($site.'/releases', recursive: true);
        rename($this->app->path, $site.'/releases/20261120');
        symlink($site.'/releases/20261120', $this->app->path);

        $this->app->install('--deploy=supervisor');
        $this->assertStringContainsString("directory={$site}/releases/20261120\n", $this->app->read('deploy/canyon/supervisor/canyon.conf'));

        symlink('releases/20261120', $site.'/current');
        $this->app->install('--deploy=supervisor,caddy', '--force');
        $this->assertStringContainsString("directory={$site}/current\n", $this->app->read('deploy/canyon/supervisor/canyon.conf'));
        $this->assertStringContainsString("root * {$site}/current/public\n", $this->app->read('deploy/canyon/caddy/Caddyfile'));

        unlink($this->app->path);
        (new Filesystem)->deleteDirectory($site);
    }

    public function test_only_the_recipes_asked_for_are_written(): void
    {
        $this->app->install('--deploy=nginx, Systemd');

        $this->assertSame(['nginx', 'systemd'], array_values(array_diff((array) scandir($this->app->path.'/deploy/canyon'), ['.', '..'])));
    }

    public function test_a_changed_file_is_only_overwritten_by_force(): void
    {
        $this->app->install('--deploy=nginx');
        $original = $this->app->read($path = 'deploy/canyon/nginx/canyon.conf');
        $this->assertStringContainsString('Nothing to do: the recipes are there.', $this->app->install('--deploy=nginx'));

        $this->app->write($path, $changed = $original."# mine\n");
        $this->assertStringContainsString('The file differs from the recipe, so it was left alone.', $this->app->install('--deploy=nginx'));
        $this->assertSame($changed, $this->app->read($path));

        $this->assertStringContainsString('-# mine', $this->app->install('--deploy=nginx', '--force'));
        $this->assertSame($original, $this->app->read($path));
    }

    public function test_a_recipe_that_does_not_exist_is_an_error(): void
    {
        foreach (['--deploy=apache', '--deploy', '--deploy='] as $option) {
            $process = $this->app->artisan(['canyon:install', '--no-interaction', $option]);

            $this->assertSame(1, $process->run());
            $this->assertStringContainsString('There are: caddy, docker, forge, frankenphp, nginx, sail, supervisor, systemd.', $process->getOutput());
        }
    }

    public function test_without_credentials_there_is_nothing_to_fill_in(): void
    {
        $this->app->write('.env', str_replace('REVERB_APP_KEY=', 'NO_KEY=', $this->app->read('.env')));

        $process = $this->app->artisan(['canyon:install', '--no-interaction', '--deploy=nginx']);

        $this->assertSame(1, $process->run());
        $this->assertStringContainsString('The Canyon app key is not configured.', $process->getOutput());
    }

    public function test_a_key_that_would_mean_something_to_nginx_is_refused(): void
    {
        $this->app->write('.env', str_replace('kept-reverb-key', '"key; return 404"', $this->app->read('.env')));

        $process = $this->app->artisan(['canyon:install', '--no-interaction', '--deploy=nginx']);

        $this->assertSame(1, $process->run());
        $this->assertStringContainsString('[key; return 404] (app_key) holds characters that mean something in configuration files', preg_replace('/\s+/', ' ', $process->getOutput()));
        $this->assertFalse($this->app->has('deploy'));
    }

    public function test_systemd_accepts_the_unit_and_finds_it_hardened(): void
    {
        $analyze = $this->program('systemd-analyze');
        $this->app->install('--deploy=systemd');
        $folder = $this->app->path.'/deploy/canyon/systemd';
        $unit = "{$folder}/canyon.service";

        // That the binary is installed is looked at too.
        $binary = (string) file_get_contents("{$folder}/canyon-binary.service");
        file_put_contents("{$folder}/canyon-binary.service", str_replace('/usr/local/bin/canyon', PHP_BINARY, $binary));

        foreach (['canyon.service', 'canyon-binary.service'] as $name) {
            $verify = new Process([$analyze, 'verify', '--man=no', "{$folder}/{$name}", "{$folder}/canyon.socket"]);
            $this->assertSame(0, $verify->run(), $verify->getErrorOutput());
            $this->assertStringNotContainsString('canyon', $verify->getErrorOutput());

            // Exposure from 0 to 100; a unit without any of it has 96.
            $security = new Process([$analyze, 'security', '--offline=true', '--threshold=20', '--no-pager', "{$folder}/{$name}"]);
            $this->assertSame(0, $security->run(), $security->getOutput().$security->getErrorOutput());
        }

        $verify = new Process([$analyze, 'verify', '--man=no', $unit]);

        // The check finds mistakes.
        file_put_contents($unit, "\nProtectSystem=sometimes\n", FILE_APPEND);
        file_put_contents($unit, str_replace('[Install]', "[Service]\nRestart=perhaps\n[Install]", (string) file_get_contents($unit)));
        $verify->run();
        $this->assertStringContainsString('Failed to parse', $verify->getErrorOutput());
    }

    public function test_whoever_stops_the_server_waits_for_its_drain(): void
    {
        $this->app->write('.env', $this->app->read('.env')."\nCANYON_DRAIN_SECONDS=90\n");
        $this->app->install('--deploy=systemd,supervisor,docker');

        $this->assertStringContainsString("\nTimeoutStopSec=105\n", $this->app->read('deploy/canyon/systemd/canyon.service'));
        $this->assertStringContainsString("\nstopwaitsecs=105\n", $this->app->read('deploy/canyon/supervisor/canyon.conf'));
        $this->assertSame('105s', $this->yaml('deploy/canyon/docker/compose.yaml')['services']['canyon']['stop_grace_period']);
    }

    public function test_systemd_makes_the_user_and_the_directory(): void
    {
        $sysusers = $this->program('systemd-sysusers');
        $tmpfiles = $this->program('systemd-tmpfiles');

        if (posix_getuid() !== 0) {
            $this->markTestSkipped('Only root can make directories of other users.');
        }

        $this->app->install('--deploy=systemd');
        $folder = $this->app->path.'/deploy/canyon/systemd';
        $root = $this->app->path.'/root';

        mkdir($root.'/etc', recursive: true);
        file_put_contents($root.'/etc/passwd', "www-data:x:33:33::/var/www:/usr/sbin/nologin\n");
        file_put_contents($root.'/etc/group', "www-data:x:33:\n");

        (new Process([$sysusers, "--root={$root}", "{$folder}/canyon.sysusers"]))->mustRun();
        (new Process([$tmpfiles, '--create', "--root={$root}", "{$folder}/canyon.tmpfiles"]))->mustRun();

        preg_match('/^canyon:x:(\d+):/m', (string) file_get_contents($root.'/etc/passwd'), $user);
        $this->assertMatchesRegularExpression('/^www-data:x:33:canyon$/m', (string) file_get_contents($root.'/etc/group'));

        $directory = stat($root.'/run/canyon');
        $this->assertSame([(int) $user[1], 33, 02770], [$directory['uid'], $directory['gid'], $directory['mode'] & 07777]);
    }

    public function test_the_compose_files_share_the_queue_between_php_and_the_server(): void
    {
        $this->app->install('--deploy=docker,sail');

        $docker = $this->yaml('deploy/canyon/docker/compose.yaml');
        $this->assertSame(['app', 'canyon', 'web'], array_keys($docker['services']));
        $this->assertSame($docker['services']['app']['build'], $docker['services']['canyon']['build']);
        $this->assertFileExists($this->app->path.'/deploy/canyon/docker/'.$docker['services']['app']['build']['context'].'/artisan');
        $this->assertFileExists($this->app->path.'/'.$docker['services']['app']['build']['dockerfile']);

        foreach ([[$docker, 'app', 'queue'], [$docker, 'canyon', 'queue'], [$sail = $this->yaml('deploy/canyon/sail/compose.canyon.yaml'), 'laravel.test', 'sail-canyon'], [$sail, 'canyon', 'sail-canyon']] as [$compose, $service, $volume]) {
            $this->assertContains("{$volume}:/run/canyon", $compose['services'][$service]['volumes']);
            $this->assertSame('tmpfs', $compose['volumes'][$volume]['driver_opts']['type']);
        }
    }

    /**
     * @return array<string, mixed>
     */
    private function yaml(string $path): array
    {
        $parse = "const yaml = require('yaml'); console.log(JSON.stringify(yaml.parse(require('fs').readFileSync(process.argv[1], 'utf8'), {merge: true})))";

        return json_decode((new Process(['node', '-e', $parse, $this->app->path.'/'.$path]))->mustRun()->getOutput(), true, flags: JSON_THROW_ON_ERROR);
    }

    private function program(string $name): string
    {
        return (new ExecutableFinder)->find($name) ?? $this->markTestSkipped("This machine has no {$name}.");
    }
}
