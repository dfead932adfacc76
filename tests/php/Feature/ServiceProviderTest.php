<?php

namespace Canyon\Tests\Feature;

use Canyon\Broadcasting\CanyonBroadcaster;
use Canyon\Tests\TestCase;
use Illuminate\Support\Facades\Artisan;
use Illuminate\Support\Facades\Broadcast;

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

    public function test_about_says_whether_the_extension_is_loaded(): void
    {
        file_put_contents($this->skeleton->path.'/composer.json', '{}');

        $this->artisan('about', ['--only' => 'canyon', '--json' => true])
            ->expectsOutputToContain(extension_loaded('canyon') ? phpversion('canyon') : 'NOT LOADED')
            ->assertSuccessful();
    }

    /**
     * Boot the application from the same files again.
     */
    private function refreshApplicationInPlace(): void
    {
        $this->app = require $this->skeleton->path.'/bootstrap/app.php';
        $this->app->make(\Illuminate\Contracts\Console\Kernel::class)->bootstrap();
    }
}
