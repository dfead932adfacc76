<?php

namespace Canyon\Tests\Unit;

use Canyon\Credentials;
use Canyon\Signer;
use PHPUnit\Framework\TestCase;

/**
 * The vectors are those of Pusher's documentation.
 */
final class SignerTest extends TestCase
{
    private const KEY = '278d425bdf160c739803';

    private Signer $signer;

    protected function setUp(): void
    {
        $this->signer = new Signer(new Credentials(['id' => '3', 'key' => self::KEY, 'secret' => '7ad3773142a6692b25b8']));
    }

    public function test_a_private_channel_is_signed(): void
    {
        $this->assertSame(
            self::KEY.':58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4',
            $this->signer->channel('1234.1234', 'private-foobar'),
        );
    }

    public function test_a_presence_channel_is_signed_with_its_channel_data(): void
    {
        $this->assertSame(
            self::KEY.':31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80',
            $this->signer->channel('1234.1234', 'presence-foobar', '{"user_id":10,"user_info":{"name":"Mr. Channels"}}'),
        );
        $this->assertSame(
            self::KEY.':afaed3695da2ffd16931f457e338e6c9f2921fa133ce7dac49f529792be6304c',
            $this->signer->channel('1234.1234', 'presence-foobar', '{"user_id":10,"user_info":{"name":"Mr. Pusher"}}'),
        );
    }

    public function test_a_user_is_signed(): void
    {
        $this->assertSame(
            self::KEY.':4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba',
            $this->signer->user('1234.1234', '{"id":"12345"}'),
        );
    }

    public function test_a_request_is_signed(): void
    {
        $query = $this->signer->request('POST', '/apps/3/events', '{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}', 1353088179);

        $this->assertSame([
            'auth_key' => self::KEY,
            'auth_timestamp' => '1353088179',
            'auth_version' => '1.0',
            'body_md5' => 'ec365a775a4cd0599faeb73354201b6f',
            'auth_signature' => 'da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c',
        ], $query);
    }
}
