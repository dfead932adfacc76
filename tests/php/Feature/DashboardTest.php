<?php

namespace Canyon\Tests\Feature;

use Canyon\Facades\Canyon;
use Illuminate\Auth\GenericUser;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Gate;
use Illuminate\Support\Facades\Http;
use Illuminate\Support\Facades\Route;
use PHPUnit\Framework\Attributes\DataProvider;

/**
 * The page of the dashboard, and who may see it.
 */
final class DashboardTest extends DashboardTestCase
{
    protected function tearDown(): void
    {
        Canyon::auth(null);

        parent::tearDown();
    }

    #[DataProvider('environments')]
    public function test_it_is_open_in_the_local_environment_and_nowhere_else(string $environment, int $status): void
    {
        $this->reboot(['APP_ENV' => $environment]);

        foreach (['/canyon', '/canyon/events', '/canyon/api/history'] as $path) {
            Http::fake(['*' => Http::response(['fields' => [], 'samples' => []])]);
            $this->get($path)->assertStatus($status);
        }

        $this->post('/canyon/api/auth', ['socket_id' => '1.1', 'channel_name' => 'private-canyon-dashboard'])->assertStatus($status);
    }

    public static function environments(): iterable
    {
        yield ['local', 200];
        yield ['production', 403];
        yield ['staging', 403];
        yield ['testing', 403];
    }

    public function test_elsewhere_the_gate_decides(): void
    {
        $this->reboot(['APP_ENV' => 'production']);
        Gate::define('viewCanyon', static fn (GenericUser $user) => $user->getAuthIdentifier() === 31);

        $this->get('/canyon')->assertForbidden();
        $this->actingAs(new GenericUser(['id' => 7]))->get('/canyon')->assertForbidden();
        $this->actingAs(new GenericUser(['id' => 31]))->get('/canyon')->assertOk();
    }

    public function test_a_gate_may_let_guests_in(): void
    {
        $this->reboot(['APP_ENV' => 'production']);
        Gate::define('viewCanyon', static fn (?GenericUser $user = null) => true);

        $this->get('/canyon')->assertOk();
    }

    public function test_a_callback_decides_instead_of_the_gate_and_of_the_environment(): void
    {
        Canyon::auth(static fn (Request $request) => $request->headers->get('X-Key') === 'hush');

        $this->get('/canyon')->assertForbidden();
        $this->get('/canyon', ['X-Key' => 'hush'])->assertOk();
    }

    public function test_the_page_is_told_what_it_needs_and_no_secret(): void
    {
        $this->reboot(['APP_NAME' => 'Ada & "Söhne" </script>', 'CANYON_HOST' => 'ws.example.com', 'CANYON_PORT' => '443', 'CANYON_SCHEME' => 'https', 'CANYON_PATH_PREFIX' => '/ws']);

        $response = $this->get('/canyon')->assertOk();
        $settings = $this->settings($response->getContent());

        $this->assertSame(['key' => '278d425bdf160c739803', 'tls' => true, 'host' => 'ws.example.com', 'port' => 443, 'path' => '/ws', 'fixed' => false], $settings['socket']);
        $this->assertSame(['Ada & "Söhne" </script>', '/canyon', true, true, true], [$settings['application'], $settings['base'], $settings['payloads'], $settings['sender'], $settings['debugger']]);
        $this->assertSame('token', $settings['token']);
        $this->assertNull($settings['elsewhere']);
        $this->assertStringNotContainsString('7ad3773142a6692b25b8', $response->getContent());
    }

    public function test_the_address_for_browsers_can_be_named(): void
    {
        $this->reboot(['CANYON_DASHBOARD_WEBSOCKET' => 'wss://live.example.com/prefix/']);

        $this->assertSame(
            ['key' => '278d425bdf160c739803', 'tls' => true, 'host' => 'live.example.com', 'port' => 443, 'path' => '/prefix', 'fixed' => true],
            $this->settings($this->get('/canyon')->getContent())['socket'],
        );
    }

    public function test_the_page_says_that_broadcasts_go_elsewhere(): void
    {
        $this->reboot(['BROADCAST_CONNECTION' => 'log']);

        $this->assertSame('log', $this->settings($this->get('/canyon')->getContent())['elsewhere']);
    }

    #[DataProvider('features')]
    public function test_what_shows_more_than_figures_is_on_in_the_local_environment_until_that_is_decided(array $environment, bool $expected): void
    {
        $this->reboot($environment);
        Canyon::auth(static fn () => true);

        $settings = $this->settings($this->get('/canyon')->getContent());

        $this->assertSame([$expected, $expected, $expected], [$settings['payloads'], $settings['sender'], $settings['debugger']]);
        $this->assertSame($expected, $settings['guards'] !== []);
    }

    public static function features(): iterable
    {
        $all = static fn (string $value) => array_fill_keys(['CANYON_DASHBOARD_PAYLOADS', 'CANYON_DASHBOARD_SENDER', 'CANYON_DASHBOARD_DEBUGGER'], $value);

        yield 'local' => [['APP_ENV' => 'local'], true];
        yield 'switched off' => [['APP_ENV' => 'local'] + $all('false'), false];
        yield 'production' => [['APP_ENV' => 'production'], false];
        yield 'switched on' => [['APP_ENV' => 'production'] + $all('true'), true];
    }

    public function test_the_page_runs_nothing_inline_and_loads_nothing_from_elsewhere(): void
    {
        $response = $this->get('/canyon')->assertOk()->assertHeader('X-Robots-Tag', 'noindex');
        $policy = (string) $response->headers->get('Content-Security-Policy');
        $html = $response->getContent();

        $this->assertStringContainsString("default-src 'none'; script-src 'self'; style-src 'self'", $policy);
        $this->assertStringNotContainsString('unsafe', $policy);
        $this->assertDoesNotMatchRegularExpression('~<style|<script(?![^>]*(src=|application/json))|\son\w+=|style=|https?://~', $html);

        preg_match_all('~(?:src|href)="([^"]+)"~', $html, $matches);
        $this->assertCount(4, $matches[1]);

        foreach ($matches[1] as $url) {
            $this->get($url)->assertOk();
        }
    }

    public function test_assets_are_kept_under_their_version_and_asked_for_anew_under_another(): void
    {
        preg_match('~/canyon/assets/(\w+)/app\.js~', (string) $this->page(), $matches);
        [$url, $version] = $matches;

        $script = $this->get($url)->assertOk()->assertHeader('Content-Type', 'text/javascript; charset=utf-8')->assertHeader('ETag', "\"{$version}\"");
        $this->assertEqualsCanonicalizing(['public', 'max-age=31536000', 'immutable'], explode(', ', (string) $script->headers->get('Cache-Control')));
        $this->assertEmpty($script->headers->getCookies());

        $this->get($url, ['If-None-Match' => "\"{$version}\""])->assertStatus(304);
        $this->assertStringContainsString('no-cache', (string) $this->get('/canyon/assets/0ld/app.js')->assertOk()->headers->get('Cache-Control'));
        $this->get("/canyon/assets/{$version}/app.css")->assertHeader('Content-Type', 'text/css; charset=utf-8');
        $this->get("/canyon/assets/{$version}/inter.woff2")->assertHeader('Content-Type', 'font/woff2');
        $this->get("/canyon/assets/{$version}/LICENSES.txt")->assertNotFound();
        $this->get("/canyon/assets/{$version}/..%2Fbuild.mjs")->assertNotFound();
    }

    public function test_path_domain_and_middleware_are_configured(): void
    {
        $this->reboot(['CANYON_DASHBOARD_PATH' => '/ops/live/', 'CANYON_DASHBOARD_DOMAIN' => 'ops.example.com']);

        $this->get('http://ops.example.com/ops/live/channels')->assertOk();
        $this->get('http://ops.example.com/canyon')->assertNotFound();
        $this->get('http://example.com/ops/live')->assertNotFound();
        $this->assertSame('/ops/live', $this->settings($this->get('http://ops.example.com/ops/live')->getContent())['base']);
        $this->assertSame('http://ops.example.com/ops/live/events', route('canyon.dashboard.view', 'events'));

        file_put_contents($this->skeleton->path.'/config/canyon.php', '<?php return ["app" => ["key" => "k"], "http" => ["host" => "localhost"], "dashboard" => ["middleware" => ["web", "auth"]]];');
        $this->refreshApplicationInPlace();

        $this->getJson('/canyon')->assertUnauthorized();
    }

    public function test_posts_need_the_token_of_the_page(): void
    {
        $this->withHeader('X-CSRF-TOKEN', 'another');

        foreach (['auth', 'send', 'debugger/auth'] as $path) {
            $this->postJson("/canyon/api/{$path}")->assertStatus(419);
        }
    }

    public function test_it_can_be_switched_off(): void
    {
        $this->reboot(['CANYON_DASHBOARD' => 'false']);

        $this->get('/canyon')->assertNotFound();
        $this->get('/canyon/assets/x/app.js')->assertNotFound();
        $this->assertFalse(Route::has('canyon.dashboard.overview'));
    }

    public function test_its_routes_are_cached_with_the_others(): void
    {
        $this->artisan('route:cache')->assertSuccessful();
        $this->refreshApplicationInPlace();

        $this->assertTrue($this->app->routesAreCached());
        $this->get('/canyon/refusals')->assertOk();
        $this->assertTrue(Route::has('canyon.webhooks'));
    }

    public function test_an_option_that_is_not_what_it_must_be_is_named(): void
    {
        $this->expectExceptionMessage('The option [dashboard.enabled] in config/canyon.php must be true or false, not [maybe].');

        $this->reboot(['CANYON_DASHBOARD' => 'maybe']);
    }

    private function page(): string
    {
        return (string) $this->get('/canyon')->assertOk()->getContent();
    }

    /**
     * Get what the page is told.
     *
     * @return array<string, mixed>
     */
    private function settings(string $html): array
    {
        $this->assertSame(1, preg_match('~<script type="application/json" id="settings">(.*?)</script>~s', $html, $matches));

        return json_decode($matches[1], true, flags: JSON_THROW_ON_ERROR);
    }
}
