<?php

namespace Canyon\Tests\Feature;

use Canyon\Tests\TestCase;
use Illuminate\Auth\GenericUser;
use Illuminate\Contracts\Console\Kernel;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Auth;
use Illuminate\Support\Facades\Broadcast;

/**
 * The ways in which applications let clients ask for authorization.
 */
final class AuthorizationRoutesTest extends TestCase
{
    private const SUBSCRIPTION = ['socket_id' => '1234.1234', 'channel_name' => 'private-orders.31'];

    public function test_channels_registered_with_broadcasting_have_the_route_the_application_gives_it(): void
    {
        $bootstrap = $this->skeleton->path.'/bootstrap/app.php';
        file_put_contents($bootstrap, preg_replace(
            ['~, channels: [^,)]+~', '~(?=->withMiddleware\(\))~'],
            ['', "->withBroadcasting(__DIR__.'/../routes/channels.php', ['prefix' => 'api', 'middleware' => ['web']])\n    "],
            (string) file_get_contents($bootstrap), -1, $replaced,
        ));
        $this->assertSame(2, $replaced);
        $this->app = require $bootstrap;
        $this->app->make(Kernel::class)->bootstrap();

        $this->actingAs(new GenericUser(['id' => '31']));

        $this->post('/broadcasting/auth', self::SUBSCRIPTION)->assertNotFound();
        $this->post('/api/broadcasting/auth', self::SUBSCRIPTION)->assertOk()->assertExactJson($this->signed());
    }

    public function test_clients_with_tokens_use_a_guard_of_their_own(): void
    {
        config(['auth.guards.token' => ['driver' => 'by-token']]);
        Auth::viaRequest('by-token', static fn (Request $request) => $request->bearerToken() === 'of-31' ? new GenericUser(['id' => '31']) : null);
        Broadcast::routes(['prefix' => 'mobile', 'middleware' => ['auth:token']]);
        Broadcast::channel('tokens.{owner}', static fn ($user, string $owner) => $user->getAuthIdentifier() === $owner, ['guards' => ['token']]);

        $subscription = ['channel_name' => 'private-tokens.31'] + self::SUBSCRIPTION;

        $this->postJson('/mobile/broadcasting/auth', $subscription)->assertUnauthorized();
        $this->postJson('/mobile/broadcasting/auth', $subscription, ['Authorization' => 'Bearer of-31'])->assertOk()->assertJsonStructure(['auth']);
        $this->postJson('/mobile/broadcasting/auth', ['channel_name' => 'private-tokens.32'] + $subscription, ['Authorization' => 'Bearer of-31'])->assertForbidden();
    }

    public function test_an_authorizer_of_the_page_may_ask_with_json(): void
    {
        $this->actingAs(new GenericUser(['id' => '31']));

        $this->postJson('/broadcasting/auth', self::SUBSCRIPTION)->assertOk()->assertExactJson($this->signed());
    }

    public function test_a_route_of_the_application_may_ask_the_driver(): void
    {
        $this->actingAs(new GenericUser(['id' => '31']));
        $this->app->make('router')->post('/my-auth', static fn (Request $request) => ['wrapped' => Broadcast::auth($request)])->middleware('auth');

        $this->post('/my-auth', self::SUBSCRIPTION)->assertOk()->assertExactJson(['wrapped' => $this->signed()]);
    }

    /**
     * @return array{auth: string}
     */
    private function signed(): array
    {
        return ['auth' => '278d425bdf160c739803:'.hash_hmac('sha256', implode(':', self::SUBSCRIPTION), '7ad3773142a6692b25b8')];
    }
}
