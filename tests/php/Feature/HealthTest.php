<?php

namespace Canyon\Tests\Feature;

use Canyon\InvalidConfiguration;
use Canyon\ServerUnreachable;
use Canyon\Tests\TestCase;
use Illuminate\Support\Facades\Exceptions;
use Illuminate\Support\Facades\Http;

final class HealthTest extends TestCase
{
    public function test_a_server_that_is_down_does_not_matter_unless_asked_for(): void
    {
        Http::fake(fn () => Http::failedConnection());
        Exceptions::fake();

        $this->getJson('/up')->assertOk();

        Http::assertNothingSent();
        Exceptions::assertNothingReported();
    }

    public function test_it_is_reported_if_asked_for(): void
    {
        config(['canyon.health' => 'report']);
        Http::fake(fn () => Http::failedConnection());
        Exceptions::fake();

        $this->getJson('/up')->assertOk();

        Exceptions::assertReported(ServerUnreachable::class);
    }

    public function test_it_takes_the_application_down_if_asked_for(): void
    {
        config(['canyon.health' => 'throw']);
        Http::fake(fn () => Http::failedConnection());
        Exceptions::fake();

        $this->getJson('/up')->assertStatus(500);

        Exceptions::assertReported(ServerUnreachable::class);
    }

    public function test_a_refusal_counts_as_well(): void
    {
        config(['canyon.health' => 'throw']);
        Http::fake(['*' => Http::response('Invalid signature', 401)]);

        $this->getJson('/up')->assertStatus(500);
    }

    public function test_a_server_that_is_up_is_healthy(): void
    {
        config(['canyon.health' => 'throw']);
        Http::fake(['*' => Http::response(['connections' => 0])]);

        $this->getJson('/up')->assertOk();

        Http::assertSentCount(1);
    }

    public function test_another_value_is_refused(): void
    {
        config(['canyon.health' => true]);
        Exceptions::fake();

        $this->getJson('/up')->assertStatus(500);

        Exceptions::assertReported(static fn (InvalidConfiguration $e) => str_contains($e->getMessage(), '[health] in config/canyon.php must be "report" or "throw", not [true]'));
    }

    public function test_the_variable_is_read(): void
    {
        $this->reboot(['CANYON_HEALTH' => 'throw']);

        $this->assertSame('throw', config('canyon.health'));
    }
}
