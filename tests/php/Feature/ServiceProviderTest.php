<?php

namespace Canyon\Tests\Feature;

use Canyon\Broadcasting\CanyonBroadcaster;
use Canyon\Tests\TestCase;
use Illuminate\Foundation\DevCommands;
use Illuminate\Support\Facades\Artisan;
use Illuminate\Support\Facades\Broadcast;
use Illuminate\Support\ServiceProvider;
use Symfony\Component\Console\Output\BufferedOutput;

final class ServiceProviderTest extends TestCase
{
    public function test_the_broadcast_connection_variable_is_enough_to_choose_the_driver(): void
    {
        $this->assertSame('canyon', config('broadcasting.default'));
        $this->assertSame(['driver' => 'canyon'], config('broadcasting.connections.canyon'));
        $this->assertInstanceOf(CanyonBroadcaster::class, Broadcast::connection());
        $this->assertSame(Broadcast::connection(), Broadcast::connection('canyon'));
    }

    public function test_the_connections_of_the_framework_stay(): void
    {
        $this->assertSame('log', config('broadcasting.connections.log.driver'));
    }

    public function test_a_connection_the_application_has_configured_stays_as_it_is(): void
    {
        file_put_contents($this->skeleton->path.'/config/broadcasting.php', '<?php return ["default" => "canyon", "connections" => ["canyon" => ["driver" => "log"]]];');

        $this->refreshApplicationInPlace();

        $this->assertSame(['driver' => 'log'], config('broadcasting.connections.canyon'));
    }

    public function test_an_application_without_credentials_boots_and_defines_its_channels(): void
    {
        $this->reboot([], without: ['CANYON_APP_ID', 'CANYON_APP_KEY', 'CANYON_APP_SECRET']);

        $this->assertTrue(Broadcast::connection()->getChannels()->has('orders.{owner}'));
    }

    public function test_the_configuration_file_is_published_as_it_is(): void
    {
        $this->artisan('vendor:publish', ['--tag' => 'canyon-config'])->assertSuccessful();

        $this->assertFileEquals(dirname(__DIR__, 3).'/php/config/canyon.php', $this->skeleton->path.'/config/canyon.php');
    }

    public function test_the_skill_is_published_where_boost_reads_it(): void
    {
        $this->artisan('vendor:publish', ['--tag' => 'canyon-boost'])->assertSuccessful();

        $skill = (string) file_get_contents($this->skeleton->path.'/.ai/skills/canyon-development/SKILL.md');

        // Boost takes a skill whose front matter is YAML with a name and a description, and no other.
        $this->assertMatchesRegularExpression('/\A---\nname: canyon-development\ndescription: [^\n:#]{20,1024}\n---\n/', $skill);
    }

    public function test_options_a_published_file_leaves_out_are_taken_from_the_package(): void
    {
        file_put_contents($this->skeleton->path.'/config/canyon.php', '<?php return ["transport" => "http"];');

        $this->refreshApplicationInPlace();

        $this->assertSame('http', config('canyon.transport'));
        $this->assertSame('4242', config('canyon.app.id'));
    }

    public function test_the_configuration_can_be_cached(): void
    {
        $this->artisan('config:cache')->assertSuccessful();

        $cached = require $this->skeleton->path.'/bootstrap/cache/config.php';

        $this->assertSame(['driver' => 'canyon'], $cached['broadcasting']['connections']['canyon']);
        $this->assertSame('4242', $cached['canyon']['app']['id']);
    }

    public function test_the_start_command_is_there(): void
    {
        $this->assertArrayHasKey('canyon:start', Artisan::all());
    }

    public function test_about_tells_how_the_application_uses_it(): void
    {
        $this->reboot(['CANYON_QUEUE' => '/srv/queue', 'CANYON_LISTEN' => 'unix:/run/canyon.sock,0.0.0.0:8080']);

        $this->assertEquals([
            'extension' => phpversion('canyon') ?: null,
            'transport' => 'auto',
            'app_id' => '4242',
            'queue_directory' => '/srv/queue',
            'server' => 'unix:/run/canyon.sock, 0.0.0.0:8080',
        ], $this->about());
    }

    public function test_about_does_not_fail_where_nothing_is_configured(): void
    {
        $this->reboot([], without: ['CANYON_APP_ID', 'CANYON_APP_KEY']);

        $about = $this->about();

        $this->assertSame([null, null, null], [$about['app_id'], $about['queue_directory'], $about['server']]);
        $this->artisan('about', ['--only' => 'canyon'])->expectsOutputToContain('NOT CONFIGURED')->assertSuccessful();
    }

    public function test_php_artisan_dev_runs_the_server_of_an_application_that_broadcasts_with_it(): void
    {
        if (! class_exists(DevCommands::class)) {
            $this->markTestSkipped('This version of Laravel has no "php artisan dev".');
        }

        $commands = array_column(DevCommands::commands(), 'command', 'name');
        $this->assertSame('php artisan canyon:start'.(extension_loaded('canyon') ? '' : ' --sidecar'), $commands['canyon']);

        (static fn () => self::$commands = [])->bindTo(null, DevCommands::class)();
        $this->reboot(['BROADCAST_CONNECTION' => 'log']);
        $this->assertArrayNotHasKey('canyon', array_column(DevCommands::commands(), 'command', 'name'));
    }

    public function test_php_artisan_reload_reloads_the_server(): void
    {
        if (! method_exists(ServiceProvider::class, 'reloads')) {
            $this->markTestSkipped('This version of Laravel has no command that reloads everything.');
        }

        $this->assertSame('canyon:reload', ServiceProvider::$reloadCommands['canyon']);
        $this->assertArrayHasKey('canyon:reload', Artisan::all());
    }

    public function test_the_module_for_echo_is_published(): void
    {
        $this->artisan('vendor:publish', ['--tag' => 'canyon-js'])->assertSuccessful();

        $published = scandir($this->skeleton->path.'/resources/js/vendor/canyon');
        $this->assertSame(['.', '..', 'batched-auth.d.ts', 'batched-auth.js'], $published);
    }

    /**
     * Get what "php artisan about" tells.
     *
     * @return array<string, mixed>
     */
    private function about(): array
    {
        file_put_contents($this->skeleton->path.'/composer.json', '{}');
        Artisan::call('about', ['--only' => 'canyon', '--json' => true], $output = new BufferedOutput);

        return json_decode($output->fetch(), true)['canyon'];
    }
}
