<?php

namespace Canyon\Tests\Feature;

use Canyon\Server;
use Canyon\ServerSettings;
use Canyon\Tests\TestCase;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;
use RuntimeException;

/**
 * Compares the settings that the server knows with those that config/canyon.php can hand over.
 */
#[RequiresPhpExtension('canyon')]
final class SettingsHandedOverTest extends TestCase
{
    public function test_every_setting_of_the_server_can_be_configured(): void
    {
        $this->assertSame(
            $this->known(['nonsense' => 1]),
            $this->sorted(array_keys($this->settings())),
        );
    }

    public function test_every_setting_of_an_app_can_be_configured(): void
    {
        // There is one app, and its queue is that of the server.
        $this->assertSame(
            $this->known(['app' => [['nonsense' => 1]]]),
            $this->sorted([...array_keys($this->settings()['app'][0]), 'queue']),
        );
    }

    public function test_every_setting_of_a_webhook_can_be_configured(): void
    {
        $this->assertSame(
            $this->known(['app' => [['webhooks' => [['nonsense' => 1]]]]]),
            $this->sorted(array_keys($this->settings()['app'][0]['webhooks'][0])),
        );
    }

    public function test_every_setting_of_a_certificate_can_be_configured(): void
    {
        $this->assertSame(
            $this->known(['tls' => [['nonsense' => 1]]]),
            $this->sorted(array_keys($this->settings()['tls'][0])),
        );
    }

    public function test_the_server_accepts_all_of_them(): void
    {
        $this->expectNotToPerformAssertions();

        new Server($this->settings());
    }

    /**
     * Get what config/canyon.php hands over if every option in it is set.
     */
    private function settings(): array
    {
        config([
            'canyon.server.path_prefix' => '/ws',
            'canyon.server.tls' => ['certificate' => '/etc/ssl/certificate.pem', 'key' => '/etc/ssl/key.pem'],
            'canyon.server.workers' => '2',
            'canyon.limits.max_outbox_bytes' => '268435456',
            'canyon.queue_group' => 'www-data',
            'canyon.queue_owner' => 'www-data',
            'canyon.metrics' => '127.0.0.1:9090',
            'canyon.metrics_token' => 'sixteen-letters-or-more',
            'canyon.webhooks.endpoints' => [
                ['url' => 'https://example.com', 'events' => ['cache_miss'], 'channel_prefix' => 'a', 'headers' => ['X-A' => 'b']],
            ],
        ]);

        return (new ServerSettings(config('canyon')))->toArray();
    }

    /**
     * Get the settings the server knows, which it lists when it meets one that it does not.
     */
    private function known(array $settings): array
    {
        try {
            new Server($settings);
        } catch (RuntimeException $e) {
            preg_match('/unknown field `nonsense`, expected (?:one of )?(.*?)(?: at line|$)/', $e->getMessage(), $list);
            preg_match_all('/`(\w+)`/', $list[1] ?? $this->fail($e->getMessage()), $names);

            return $this->sorted($names[1]);
        }

        $this->fail('The server accepts nonsense.');
    }

    private function sorted(array $names): array
    {
        sort($names);

        return $names;
    }
}
