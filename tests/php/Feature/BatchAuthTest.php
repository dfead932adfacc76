<?php

namespace Canyon\Tests\Feature;

use Canyon\Tests\Fixtures\OwnerChannel;
use Canyon\Tests\TestCase;
use Illuminate\Auth\Access\AuthorizationException;
use Illuminate\Auth\AuthenticationException;
use Illuminate\Auth\GenericUser;
use Illuminate\Broadcasting\BroadcastController;
use Illuminate\Database\Eloquent\ModelNotFoundException;
use Illuminate\Support\Facades\Broadcast;
use Illuminate\Support\Facades\Exceptions;
use Illuminate\Support\Facades\Route;
use Illuminate\Testing\TestResponse;
use PHPUnit\Framework\Attributes\DataProvider;
use RuntimeException;

/**
 * The route that signs many channels in one request.
 */
final class BatchAuthTest extends TestCase
{
    public function test_each_channel_gets_what_the_route_for_one_would_answer(): void
    {
        $this->actingAs(new GenericUser(['id' => '31']));
        Broadcast::channel('class.{owner}', OwnerChannel::class);
        $channels = ['private-orders.31', 'presence-room.1', 'presence-silent.1', 'private-class.31', 'private-class.32', 'private-orders.32', 'private-nobody', 'presence-room.closed'];

        $answers = $this->authorize($channels)->assertOk()->json('channels');

        $this->assertSame($channels, array_keys($answers));

        foreach ($answers as $channel => $answer) {
            $single = $this->post('/broadcasting/auth', ['socket_id' => '1234.1234', 'channel_name' => $channel], ['Accept' => 'application/json']);

            $single->isOk()
                ? $this->assertSame($single->json(), $answer)
                : $this->assertSame(['status' => $single->status(), 'message' => 'Forbidden'], $answer);
        }

        $this->assertSame(
            '278d425bdf160c739803:'.hash_hmac('sha256', '1234.1234:private-orders.31', '7ad3773142a6692b25b8'),
            $answers['private-orders.31']['auth'],
        );
        $this->assertSame(['auth', 'channel_data'], array_keys($answers['presence-room.1']));
    }

    public function test_the_guards_of_each_channel_count(): void
    {
        config(['auth.guards.staff' => config('auth.guards.web')]);
        $this->actingAs(new GenericUser(['id' => '99']), 'staff');
        $this->app->make('auth')->shouldUse('web');

        $answers = $this->authorize(['private-staff', 'private-orders.99'])->json('channels');

        $this->assertArrayHasKey('auth', $answers['private-staff']);
        $this->assertSame(403, $answers['private-orders.99']['status']);
    }

    public function test_a_guest_is_refused_everything(): void
    {
        $answers = $this->authorize(['private-orders.31', 'presence-room.1'])->assertOk()->json('channels');

        $this->assertSame([403, 403], array_column($answers, 'status'));
    }

    #[DataProvider('failures')]
    public function test_a_channel_that_fails_costs_no_other_and_says_why(\Throwable $failure, int $status, string $message, bool $isReported): void
    {
        Exceptions::fake();
        config(['app.debug' => false]);
        $this->actingAs(new GenericUser(['id' => '31']));
        Broadcast::channel('broken', static fn () => throw $failure);

        $answers = $this->authorize(['private-broken', 'private-orders.31'])->assertOk()->json('channels');

        $this->assertSame(['status' => $status, 'message' => $message], $answers['private-broken']);
        $this->assertArrayHasKey('auth', $answers['private-orders.31']);
        $isReported ? Exceptions::assertReported($failure::class) : Exceptions::assertNothingReported();
    }

    public static function failures(): iterable
    {
        yield 'a bug' => [new RuntimeException('the password is hush'), 500, 'Server Error', true];
        yield 'a policy' => [new AuthorizationException('Only for friends.'), 403, 'Only for friends.', false];
        yield 'no login' => [new AuthenticationException, 401, 'Unauthenticated.', false];
        yield 'no model' => [(new ModelNotFoundException)->setModel('App\Order', [7]), 404, 'No query results for model [App\Order] 7', false];
    }

    public function test_a_callback_sees_the_request_for_its_own_channel(): void
    {
        $this->actingAs(new GenericUser(['id' => '31']));
        $seen = [];
        Broadcast::channel('seen.{n}', static function () use (&$seen) {
            $seen[] = [request('channel_name'), request('socket_id'), request('extra')];

            return true;
        });

        $this->authorize(['private-seen.1', 'private-seen.2'], ['extra' => 'x'])->assertOk();
        $this->postJson('/broadcasting/auth/batch', ['socket_id' => '1.1', 'channel_name' => ['private-seen.3'], 'extra' => 'y'])->assertOk();

        $this->assertSame([['private-seen.1', '1234.1234', 'x'], ['private-seen.2', '1234.1234', 'x'], ['private-seen.3', '1.1', 'y']], $seen);
    }

    public function test_a_name_that_is_a_number_stays_one_of_a_map(): void
    {
        $this->authorize(['0', '0', '1'])->assertOk()->assertContent('{"channels":{"0":{"status":403,"message":"Forbidden"},"1":{"status":403,"message":"Forbidden"}}}');
    }

    #[DataProvider('malformed')]
    public function test_what_is_no_batch_is_refused_with_the_reason(string $message, mixed $channels): void
    {
        $this->reboot(['CANYON_AUTH_BATCH_SIZE' => '3']);

        $this->postJson('/broadcasting/auth/batch', ['socket_id' => '1.1', 'channel_name' => $channels])
            ->assertUnprocessable()
            ->assertJsonPath('message', $message);
    }

    public static function malformed(): iterable
    {
        $list = 'The [channel_name] of a batch must be a list of the names of channels.';

        yield [$list, null];
        yield [$list, []];
        yield [$list, 'private-a'];
        yield [$list, ['private-a', ['private-b']]];
        yield [$list, ['private-a', 7]];
        yield ['A batch has at most 3 channels, and this one has 4. Ask in several requests, or raise CANYON_AUTH_BATCH_SIZE.', ['a', 'b', 'c', 'd']];
    }

    public function test_a_socket_id_that_no_server_gives_is_signed_for_nothing(): void
    {
        $this->actingAs(new GenericUser(['id' => '31']));

        $answers = $this->authorize(['private-orders.31'], ['socket_id' => '1.1::user:'])->json('channels');

        $this->assertSame(['status' => 403, 'message' => 'The socket ID is invalid.'], $answers['private-orders.31']);
    }

    public function test_the_route_has_the_middleware_and_the_place_of_the_route_for_one(): void
    {
        $routes = collect(Route::getRoutes()->getRoutes());
        $single = $routes->first(static fn ($route) => $route->uri() === 'broadcasting/auth');
        $batch = $routes->first(static fn ($route) => $route->uri() === 'broadcasting/auth/batch');

        $this->assertSame(ltrim($single->getActionName(), '\\'), BroadcastController::class.'@authenticate');
        $this->assertSame(['POST'], $batch->methods());
        $this->assertSame(['web'], $batch->gatherMiddleware());
        $this->assertSame($single->excludedMiddleware(), $batch->excludedMiddleware());
    }

    public function test_it_follows_the_attributes_of_the_routes_of_the_application(): void
    {
        $bootstrap = $this->skeleton->path.'/bootstrap/app.php';
        file_put_contents($bootstrap, preg_replace(
            ['~, channels: [^,)]+~', '~(?=->withMiddleware\(\))~'],
            ['', "->withBroadcasting(__DIR__.'/../routes/channels.php', ['prefix' => 'api', 'middleware' => ['auth'], 'domain' => 'api.example.com'])\n    "],
            (string) file_get_contents($bootstrap),
        ));
        $this->refreshApplicationInPlace();

        $this->postJson('http://api.example.com/api/broadcasting/auth/batch', ['socket_id' => '1.1', 'channel_name' => ['private-a']])->assertUnauthorized();
        $this->postJson('http://example.com/api/broadcasting/auth/batch')->assertNotFound();
    }

    public function test_it_is_cached_with_the_other_routes(): void
    {
        $this->artisan('route:cache')->assertSuccessful();
        $this->refreshApplicationInPlace();
        $this->actingAs(new GenericUser(['id' => '31']));

        $this->assertTrue($this->app->routesAreCached());
        $this->assertArrayHasKey('auth', $this->authorize(['private-orders.31'])->assertOk()->json('channels')['private-orders.31']);
        $this->assertTrue(Route::has('canyon.webhooks'));
    }

    public function test_with_a_size_of_zero_there_is_no_such_route(): void
    {
        $this->reboot(['CANYON_AUTH_BATCH_SIZE' => '0']);

        $this->authorize(['private-orders.31'])->assertNotFound();
    }

    public function test_a_size_that_is_no_number_is_named(): void
    {
        $this->expectExceptionMessage('The option [auth_batch_size] in config/canyon.php must be a whole number, not [many].');

        $this->reboot(['CANYON_AUTH_BATCH_SIZE' => 'many']);
    }

    /**
     * @param  list<string>  $channels
     * @param  array<string, string>  $more
     */
    private function authorize(array $channels, array $more = []): TestResponse
    {
        return $this->post('/broadcasting/auth/batch', $more + ['socket_id' => '1234.1234', 'channel_name' => $channels]);
    }
}
