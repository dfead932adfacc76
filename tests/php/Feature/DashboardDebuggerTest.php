<?php

namespace Canyon\Tests\Feature;

use Illuminate\Auth\GenericUser;
use Illuminate\Contracts\Auth\Authenticatable;
use Illuminate\Contracts\Auth\UserProvider;
use Illuminate\Support\Facades\Auth;
use Illuminate\Support\Facades\Broadcast;
use Illuminate\Support\Facades\Exceptions;
use Illuminate\Support\Facades\Gate;
use Illuminate\Testing\TestResponse;
use PHPUnit\Framework\Attributes\DataProvider;
use RuntimeException;

/**
 * What the debugger of connections is told, as whoever it acts.
 */
final class DashboardDebuggerTest extends DashboardTestCase
{
    protected function setUp(): void
    {
        parent::setUp();

        $this->provideUsers();
    }

    public function test_the_chosen_user_is_let_in_as_the_application_says(): void
    {
        $this->ask('private-orders.31', '31')->assertOk()->assertExactJson([
            'auth' => '278d425bdf160c739803:'.hash_hmac('sha256', '1.2:private-orders.31', '7ad3773142a6692b25b8'),
        ]);

        $member = $this->ask('presence-room.1', '31')->assertOk()->json();
        $this->assertSame('{"user_id":"31","user_info":{"name":"Zoë","tags":{}}}', $member['channel_data']);
        $this->assertSame('278d425bdf160c739803:'.hash_hmac('sha256', '1.2:presence-room.1:'.$member['channel_data'], '7ad3773142a6692b25b8'), $member['auth']);
    }

    #[DataProvider('refusals')]
    public function test_a_refusal_says_which_channel_definition_refused_whom(string $channel, string $user, string $reason): void
    {
        $this->ask($channel, $user)->assertForbidden()->assertJsonPath('message', $reason);
    }

    public static function refusals(): iterable
    {
        yield 'another user' => ['private-orders.7', '31', '[orders.{owner}] of routes/channels.php said no to the user [31].'];
        yield 'null' => ['presence-room.closed', '31', '[room.{room}] of routes/channels.php said no to the user [31].'];
        yield 'no definition' => ['private-unknown', '31', 'No channel of routes/channels.php has this name. They are written there without "private-" and "presence-".'];
        yield 'a guest' => ['private-orders.7', '', 'Guests are let into public channels only; [orders.{owner}] of routes/channels.php was not asked.'];
        yield 'a name that is none' => ['private orders', '31', 'The channel name is invalid.'];
        yield 'the dashboard' => ['private-canyon-dashboard', '31', 'This channel belongs to the dashboard of Canyon.'];
    }

    public function test_the_guards_of_a_channel_count(): void
    {
        config(['auth.guards.staff' => ['driver' => 'session', 'provider' => 'users'], 'auth.guards.api' => ['driver' => 'session', 'provider' => 'users']]);

        $this->ask('private-staff', '99', 'staff')->assertOk();
        $this->ask('private-staff', '99', 'api')->assertForbidden()
            ->assertJsonPath('message', '[staff] of routes/channels.php asks for a user of the guard [web] or [staff], and this is one of [api].');
    }

    public function test_the_user_is_the_one_whom_everything_sees(): void
    {
        $seen = null;
        Gate::define('look', static fn (Authenticatable $user) => $user->getAuthIdentifier() === '31');
        Broadcast::channel('seen', static function (Authenticatable $user) use (&$seen) {
            $seen = [$user->getAuthIdentifier(), Auth::id(), request()->user()->getAuthIdentifier(), Gate::allows('look'), array_keys(request()->all())];

            return true;
        });

        $this->actingAs(new GenericUser(['id' => 'viewer']));
        $this->ask('private-seen', '31')->assertOk();

        $this->assertSame(['31', '31', '31', true, ['socket_id', 'channel_name']], $seen);
        $this->assertSame('viewer', Auth::id());
        $this->assertSame('web', Auth::getDefaultDriver());
    }

    public function test_nobody_stays_signed_in_after_a_callback_that_fails(): void
    {
        Exceptions::fake();
        Broadcast::channel('broken', static fn () => throw new RuntimeException('no database'));

        $this->ask('private-broken', '31')->assertStatus(500)->assertJsonPath('message', 'Server Error (the log of the application says more)');

        Exceptions::assertReported(RuntimeException::class);
        $this->assertFalse(Auth::check());
    }

    public function test_a_user_must_be_there(): void
    {
        $this->getJson('/canyon/api/debugger/user?guard=web&user=31')->assertOk()->assertExactJson(['id' => '31']);
        $this->getJson('/canyon/api/debugger/user?guard=web&user=')->assertOk()->assertExactJson(['id' => null]);

        foreach ([['web', '404'], ['nobody', '31']] as [$guard, $user]) {
            $this->getJson("/canyon/api/debugger/user?guard={$guard}&user={$user}")
                ->assertUnprocessable()
                ->assertJsonPath('message', "The guard [{$guard}] has no user with the ID [{$user}].");
            $this->ask('private-orders.31', $user, $guard)->assertUnprocessable();
        }
    }

    #[DataProvider('off')]
    public function test_it_is_off_outside_of_the_local_environment_and_where_it_is_switched_off(array $environment): void
    {
        $this->reboot($environment);
        $this->provideUsers();
        Gate::define('viewCanyon', static fn (?Authenticatable $user = null) => true);

        $this->get('/canyon')->assertOk();
        $this->ask('private-orders.31', '31')->assertForbidden()->assertJsonPath('message', 'This is switched off here. CANYON_DASHBOARD_DEBUGGER=true switches it on.');
        $this->getJson('/canyon/api/debugger/user?guard=web&user=31')->assertForbidden();
    }

    public static function off(): iterable
    {
        yield 'production' => [['APP_ENV' => 'production']];
        yield 'switched off' => [['CANYON_DASHBOARD_DEBUGGER' => 'false']];
    }

    public function test_the_channels_of_the_dashboard_are_closed_to_the_application_whatever_it_defines(): void
    {
        Broadcast::channel('canyon-dashboard', static fn () => true);
        Broadcast::channel('{anything}', static fn () => true);
        $this->actingAs(new GenericUser(['id' => '31']));

        foreach (['private-canyon-dashboard', 'private-canyon-dashboard-payloads'] as $channel) {
            $this->postJson('/broadcasting/auth', ['socket_id' => '1.2', 'channel_name' => $channel])->assertForbidden();
            $this->postJson('/broadcasting/auth/batch', ['socket_id' => '1.2', 'channel_name' => [$channel, 'private-canyon-42']])
                ->assertOk()
                ->assertJsonPath('channels', fn (array $channels) => $channels[$channel]['status'] === 403 && isset($channels['private-canyon-42']['auth']));
        }
    }

    private function ask(string $channel, string $user, string $guard = 'web'): TestResponse
    {
        return $this->postJson('/canyon/api/debugger/auth', ['socket_id' => '1.2', 'channel_name' => $channel, 'user' => $user, 'guard' => $guard]);
    }

    /**
     * Have users without a database: all but 404.
     */
    private function provideUsers(): void
    {
        $provider = $this->createStub(UserProvider::class);
        $provider->method('retrieveById')->willReturnCallback(static fn (string $id) => $id === '404' ? null : new GenericUser(['id' => $id]));

        Auth::provider('stub', static fn () => $provider);
        config(['auth.providers.users' => ['driver' => 'stub']]);
    }
}
