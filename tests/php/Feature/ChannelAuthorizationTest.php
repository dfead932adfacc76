<?php

namespace Canyon\Tests\Feature;

use Canyon\Tests\Fixtures\OwnerChannel;
use Canyon\Tests\TestCase;
use Illuminate\Auth\GenericUser;
use Illuminate\Support\Facades\Broadcast;
use Illuminate\Testing\TestResponse;
use PHPUnit\Framework\Attributes\DataProvider;

final class ChannelAuthorizationTest extends TestCase
{
    private const SECRET = '7ad3773142a6692b25b8';

    public function test_a_private_channel_of_the_user_is_signed(): void
    {
        $this->actingAs($this->user('31'));

        $this->authorize('private-orders.31')->assertOk()->assertExactJson([
            'auth' => '278d425bdf160c739803:'.hash_hmac('sha256', '1234.1234:private-orders.31', self::SECRET),
        ]);
    }

    public function test_a_private_channel_of_another_user_is_forbidden(): void
    {
        $this->actingAs($this->user('31'));

        $this->authorize('private-orders.32')->assertForbidden();
    }

    public function test_a_guest_is_forbidden(): void
    {
        $this->authorize('private-orders.31')->assertForbidden();
        $this->authorize('presence-room.1')->assertForbidden();
    }

    public function test_a_channel_nobody_has_defined_is_forbidden(): void
    {
        $this->actingAs($this->user('31'));

        $this->authorize('private-nobody')->assertForbidden();
    }

    public function test_a_presence_channel_is_signed_with_what_the_others_see(): void
    {
        $this->actingAs($this->user('31'));

        $data = '{"user_id":"31","user_info":{"name":"Zoë","tags":{}}}';

        $this->authorize('presence-room.1')->assertOk()->assertExactJson([
            'auth' => '278d425bdf160c739803:'.hash_hmac('sha256', "1234.1234:presence-room.1:{$data}", self::SECRET),
            'channel_data' => $data,
        ]);
    }

    public function test_the_user_id_of_a_presence_channel_is_a_string(): void
    {
        $this->actingAs($this->user(31));

        $this->assertStringStartsWith('{"user_id":"31",', $this->authorize('presence-room.1')->json('channel_data'));
    }

    public function test_a_user_may_have_another_identity_for_broadcasting(): void
    {
        $this->actingAs(new class(['id' => 31]) extends GenericUser
        {
            public function getAuthIdentifierForBroadcasting(): string
            {
                return 'u-31';
            }
        });

        $this->assertStringStartsWith('{"user_id":"u-31",', $this->authorize('presence-room.1')->json('channel_data'));
    }

    public function test_a_bare_yes_tells_nothing_about_the_user(): void
    {
        $this->actingAs($this->user('31'));

        $this->assertSame('{"user_id":"31"}', $this->authorize('presence-silent.1')->json('channel_data'));
    }

    public function test_nothing_from_the_callback_is_forbidden(): void
    {
        $this->actingAs($this->user('31'));

        $this->authorize('presence-room.closed')->assertForbidden();
    }

    public function test_the_next_pattern_is_asked_when_the_callback_returns_nothing(): void
    {
        $this->actingAs($this->user('31'));
        Broadcast::channel('{any}.closed', static fn () => ['name' => 'next']);

        $this->assertSame('{"user_id":"31","user_info":{"name":"next"}}', $this->authorize('presence-room.closed')->json('channel_data'));
    }

    public function test_a_cache_channel_is_authorized_by_its_own_name(): void
    {
        $this->actingAs($this->user('31'));
        Broadcast::channel('cache-prices', static fn () => true);

        $this->authorize('private-cache-prices')->assertOk()->assertExactJson([
            'auth' => '278d425bdf160c739803:'.hash_hmac('sha256', '1234.1234:private-cache-prices', self::SECRET),
        ]);
    }

    public function test_a_channel_may_name_its_guards(): void
    {
        config(['auth.guards.staff' => config('auth.guards.web')]);

        $this->authorize('private-staff')->assertForbidden();

        $this->actingAs($this->user('99'), 'staff');

        $this->authorize('private-staff')->assertOk();
    }

    public function test_a_channel_class_is_asked(): void
    {
        $this->actingAs($this->user('31'));
        Broadcast::channel('class.{owner}', OwnerChannel::class);

        $this->authorize('private-class.31')->assertOk();
        $this->authorize('private-class.32')->assertForbidden();
    }

    #[DataProvider('malformed')]
    public function test_a_request_no_client_sends_is_forbidden(array $request): void
    {
        $this->actingAs($this->user('31'));
        Broadcast::channel('{anything}', static fn () => true);

        $this->post('/broadcasting/auth', $request)->assertForbidden();
    }

    public static function malformed(): iterable
    {
        yield 'no channel' => [['socket_id' => '1.1']];
        yield 'an empty channel' => [['socket_id' => '1.1', 'channel_name' => '']];
        yield 'a list of channels' => [['socket_id' => '1.1', 'channel_name' => ['private-a']]];
        yield 'a channel with a colon' => [['socket_id' => '1.1', 'channel_name' => 'private-a:{"user_id":"1"}']];
        yield 'a channel with a line break' => [['socket_id' => '1.1', 'channel_name' => "private-a\nb"]];
        yield 'no socket' => [['channel_name' => 'private-a']];
        yield 'a list of sockets' => [['socket_id' => ['1.1'], 'channel_name' => 'private-a']];
        yield 'a socket that signs as a user' => [['socket_id' => '1.1::user:', 'channel_name' => 'private-a']];
        yield 'an undefined socket' => [['socket_id' => 'undefined', 'channel_name' => 'private-a']];
    }

    public function test_an_encrypted_channel_is_signed_and_its_secret_told(): void
    {
        config(['canyon.options.encryption_master_key_base64' => 'Y0F6UkgzVzlGWk0zaVhxU05JR3RLenR3TnVDejl4TVY=']);
        $this->actingAs($this->user('31'));
        Broadcast::purge();
        Broadcast::channel('ceppaio', static fn () => true);

        $this->authorize('private-encrypted-ceppaio')->assertOk()->assertExactJson([
            'auth' => '278d425bdf160c739803:'.hash_hmac('sha256', '1234.1234:private-encrypted-ceppaio', self::SECRET),
            'shared_secret' => 'AXkhd6jqVVr0qdQQ4RIeydl0lxD6IuzuNx2C7x4kHSs=',
        ]);
    }

    public function test_the_secret_of_an_encrypted_channel_is_told_to_its_users_only(): void
    {
        $this->actingAs($this->user('31'));

        $this->authorize('private-encrypted-orders.32')->assertForbidden()->assertJsonMissingPath('shared_secret');
    }

    public function test_a_missing_master_key_is_named(): void
    {
        $this->actingAs($this->user('31'));

        $this->withoutExceptionHandling()->expectExceptionMessage('Set CANYON_ENCRYPTION_MASTER_KEY_BASE64');

        $this->authorize('private-encrypted-orders.31');
    }

    public function test_missing_credentials_are_named(): void
    {
        $this->reboot([], without: ['CANYON_APP_SECRET']);
        $this->actingAs($this->user('31'));

        $this->withoutExceptionHandling()->expectExceptionMessage('Set CANYON_APP_SECRET (or REVERB_APP_SECRET)');

        $this->authorize('private-orders.31');
    }

    private function user(string|int $id): GenericUser
    {
        return new GenericUser(['id' => $id]);
    }

    private function authorize(string $channel): TestResponse
    {
        return $this->post('/broadcasting/auth', ['socket_id' => '1234.1234', 'channel_name' => $channel], ['Accept' => 'application/json']);
    }
}
