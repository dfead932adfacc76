<?php

namespace Canyon\Tests\Feature;

use Canyon\Tests\TestCase;
use Illuminate\Support\Facades\Broadcast;
use Illuminate\Testing\TestResponse;
use InvalidArgumentException;
use PHPUnit\Framework\Attributes\DataProvider;

final class UserAuthenticationTest extends TestCase
{
    public function test_the_user_is_signed(): void
    {
        Broadcast::resolveAuthenticatedUserUsing(static fn () => ['id' => '12345']);

        $this->authenticate()->assertOk()->assertExactJson([
            'auth' => '278d425bdf160c739803:4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba',
            'user_data' => '{"id":"12345"}',
        ]);
    }

    public function test_the_id_is_a_string_and_the_rest_stays(): void
    {
        Broadcast::resolveAuthenticatedUserUsing(static fn () => ['id' => 31, 'user_info' => ['name' => 'Zoë'], 'watchlist' => ['7']]);

        $this->assertSame('{"id":"31","user_info":{"name":"Zoë"},"watchlist":["7"]}', $this->authenticate()->json('user_data'));
    }

    public function test_nobody_is_forbidden(): void
    {
        $this->authenticate()->assertForbidden();

        Broadcast::resolveAuthenticatedUserUsing(static fn () => null);

        $this->authenticate()->assertForbidden();
    }

    public function test_a_socket_id_that_is_none_is_forbidden(): void
    {
        Broadcast::resolveAuthenticatedUserUsing(static fn () => ['id' => '12345']);

        $this->authenticate('1234.1234:private-a')->assertForbidden();
    }

    #[DataProvider('unidentified')]
    public function test_a_user_without_id_is_a_mistake_of_the_application(array $user): void
    {
        Broadcast::resolveAuthenticatedUserUsing(static fn () => $user);

        $this->withoutExceptionHandling();
        $this->expectException(InvalidArgumentException::class);
        $this->expectExceptionMessage('resolveAuthenticatedUserUsing');

        $this->authenticate();
    }

    public static function unidentified(): iterable
    {
        return [[['name' => 'Zoë']], [['id' => '']], [['id' => ['31']]]];
    }

    private function authenticate(string $socketId = '1234.1234'): TestResponse
    {
        return $this->post('/broadcasting/user-auth', ['socket_id' => $socketId], ['Accept' => 'application/json']);
    }
}
