<?php

namespace Canyon\Tests\Feature;

use Canyon\Installer\Recipe;
use Canyon\Tests\TestCase;
use Illuminate\Support\Facades\Process;

/**
 * What canyon:install asks, and what it makes of the answers.
 */
final class InstallPromptsTest extends TestCase
{
    private const SWITCH = 'Would you like to broadcast over Canyon from now on?';

    private const PACKAGES = 'Would you like to install the JavaScript packages of Echo?';

    protected function setUp(): void
    {
        $this->environment = ['APP_ENV' => 'testing', 'BROADCAST_CONNECTION' => 'null'] + $this->environment;

        parent::setUp();

        Process::preventStrayProcesses();

        file_put_contents($this->skeleton->path.'/.env', "BROADCAST_CONNECTION=reverb\n");
        file_put_contents($this->skeleton->path.'/package.json', '{"devDependencies": {"pusher-js": "^8.4.0"}}');
        file_put_contents($this->skeleton->path.'/pnpm-lock.yaml', '');
    }

    public function test_yes_switches_the_connection_and_installs_the_packages(): void
    {
        Process::fake();

        $this->artisan('canyon:install')
            ->expectsConfirmation(self::SWITCH, 'yes')
            ->expectsConfirmation(self::PACKAGES, 'yes')
            ->expectsOutputToContain('Canyon installed successfully.')
            ->assertSuccessful();

        $this->assertStringStartsWith("BROADCAST_CONNECTION=canyon\n", $this->environmentFile());

        // What the project asks for already is not asked for again.
        Process::assertRan(fn ($process) => $process->command === ['pnpm', 'add', '--save-dev', '--ignore-scripts', 'laravel-echo']
            && $process->path === $this->skeleton->path);
    }

    public function test_no_leaves_the_connection_and_says_how_to_get_the_packages(): void
    {
        Process::fake();

        $this->artisan('canyon:install')
            ->expectsConfirmation(self::SWITCH, 'no')
            ->expectsConfirmation(self::PACKAGES, 'no')
            ->expectsOutputToContain('[pnpm add --save-dev --ignore-scripts laravel-echo]')
            ->assertSuccessful();

        $this->assertStringStartsWith("BROADCAST_CONNECTION=reverb\n", $this->environmentFile());

        Process::assertNothingRan();
    }

    public function test_options_answer_the_questions(): void
    {
        Process::fake();

        $this->artisan('canyon:install', ['--switch' => true, '--without-node' => true])->assertSuccessful();

        $this->assertStringStartsWith("BROADCAST_CONNECTION=canyon\n", $this->environmentFile());

        Process::assertNothingRan();
    }

    public function test_packages_that_cannot_be_installed_are_no_reason_to_fail(): void
    {
        Process::fake(['*' => Process::result(errorOutput: 'ERR_PNPM_NO_NETWORK', exitCode: 1)]);

        $this->artisan('canyon:install', ['--without-switch' => true])
            ->expectsConfirmation(self::PACKAGES, 'yes')
            ->expectsOutputToContain('ERR_PNPM_NO_NETWORK')
            ->expectsOutputToContain('Run this yourself: [pnpm add --save-dev --ignore-scripts laravel-echo].')
            ->assertSuccessful();
    }

    public function test_with_nobody_to_ask_the_packages_are_installed(): void
    {
        Process::fake();

        $this->artisan('canyon:install', ['--no-interaction' => true])->assertSuccessful();

        Process::assertRan(fn ($process) => $process->command[0] === 'pnpm');
    }

    public function test_each_package_manager_is_known_by_its_lock_file(): void
    {
        unlink($this->skeleton->path.'/pnpm-lock.yaml');

        foreach ([
            'yarn.lock' => ['yarn', 'add', '--dev', 'laravel-echo'],
            'bun.lock' => ['bun', 'add', '--dev', '--ignore-scripts', 'laravel-echo'],
            'bun.lockb' => ['bun', 'add', '--dev', '--ignore-scripts', 'laravel-echo'],
            'package-lock.json' => ['npm', 'install', '--save-dev', '--ignore-scripts', 'laravel-echo'],
            'none.lock' => ['npm', 'install', '--save-dev', '--ignore-scripts', 'laravel-echo'],
        ] as $file => $command) {
            Process::fake();
            touch($this->skeleton->path.'/'.$file);

            $this->artisan('canyon:install', ['--no-interaction' => true])->assertSuccessful();

            Process::assertRan(fn ($process) => $process->command === $command);
            unlink($this->skeleton->path.'/'.$file);
        }
    }

    public function test_react_and_vue_get_the_package_with_their_hooks(): void
    {
        foreach (['react', 'vue'] as $framework) {
            Process::fake();
            file_put_contents($this->skeleton->path.'/package.json', json_encode(['dependencies' => [$framework => '*'], 'packageManager' => 'yarn@4.5.0']));
            @unlink($this->skeleton->path.'/pnpm-lock.yaml');

            $this->artisan('canyon:install', ['--no-interaction' => true])->assertSuccessful();

            Process::assertRan(fn ($process) => $process->command === ['yarn', 'add', '--dev', 'laravel-echo', 'pusher-js', "@laravel/echo-{$framework}"]);
        }
    }

    public function test_the_recipes_are_chosen_from_a_list(): void
    {
        $this->artisan('canyon:install', ['--deploy' => null])
            ->expectsChoice('Which recipes would you like to have?', ['nginx'], Recipe::names())
            ->assertSuccessful();

        $this->assertFileExists($path = $this->skeleton->path.'/deploy/canyon/nginx/canyon.conf');
        $this->assertDirectoryDoesNotExist($this->skeleton->path.'/deploy/canyon/systemd');
        $this->assertFileDoesNotExist($this->skeleton->path.'/config/canyon.php');

        foreach (['no' => 'mine', 'yes' => (string) file_get_contents($path)] as $answer => $expected) {
            file_put_contents($path, 'mine');

            $this->artisan('canyon:install', ['--deploy' => 'nginx'])
                ->expectsConfirmation('The file [deploy/canyon/nginx/canyon.conf] was changed. Would you like to overwrite it?', $answer)
                ->assertSuccessful();

            $this->assertSame($expected, file_get_contents($path));
        }
    }

    private function environmentFile(): string
    {
        return (string) file_get_contents($this->skeleton->path.'/.env');
    }
}
