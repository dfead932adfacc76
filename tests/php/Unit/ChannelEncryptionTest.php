<?php

namespace Canyon\Tests\Unit;

use Canyon\Broadcasting\ChannelEncryption;
use Canyon\InvalidConfiguration;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;
use PHPUnit\Framework\TestCase;

#[RequiresPhpExtension('sodium')]
final class ChannelEncryptionTest extends TestCase
{
    /**
     * The master key, a channel and its secret as Pusher's documentation has them.
     */
    private const MASTER_KEY = 'Y0F6UkgzVzlGWk0zaVhxU05JR3RLenR3TnVDejl4TVY=';

    private const CHANNEL = 'private-encrypted-ceppaio';

    private const SECRET = 'AXkhd6jqVVr0qdQQ4RIeydl0lxD6IuzuNx2C7x4kHSs=';

    public function test_the_secret_of_a_channel_is_the_one_pushers_libraries_derive(): void
    {
        $this->assertSame(self::SECRET, $this->encryption()->sharedSecret(self::CHANNEL));
    }

    public function test_who_has_the_secret_of_the_channel_reads_its_events(): void
    {
        $this->assertSame('{"name":"Zoë"}', $this->open($this->encryption()->encrypt(self::CHANNEL, '{"name":"Zoë"}'), self::SECRET));
    }

    public function test_the_secret_of_another_channel_reads_nothing(): void
    {
        $encryption = $this->encryption();

        $this->assertFalse($this->open($encryption->encrypt(self::CHANNEL, '{}'), $encryption->sharedSecret('private-encrypted-other')));
    }

    public function test_no_two_messages_are_alike(): void
    {
        $this->assertNotSame($this->encryption()->encrypt(self::CHANNEL, '{}'), $this->encryption()->encrypt(self::CHANNEL, '{}'));
    }

    public function test_an_event_is_split_up_in_the_order_of_its_channels(): void
    {
        $parts = $this->encryption()->parts(['a', self::CHANNEL, 'b', 'c', 'private-encrypted-d'], ['private-encrypted-d', self::CHANNEL], '{"n":1}');

        $this->assertSame([['a'], [self::CHANNEL], ['b', 'c'], ['private-encrypted-d']], array_column($parts, 0));
        $this->assertSame(['{"n":1}', '{"n":1}'], [$parts[0][1], $parts[2][1]]);
        $this->assertSame('{"n":1}', $this->open($parts[1][1], self::SECRET));
        $this->assertSame('{"n":1}', $this->open($parts[3][1], $this->encryption()->sharedSecret('private-encrypted-d')));
    }

    #[DataProvider('badKeys')]
    public function test_a_key_that_is_none_is_named_with_what_to_do(mixed $key, string $message): void
    {
        $this->expectException(InvalidConfiguration::class);
        $this->expectExceptionMessage($message);

        (new ChannelEncryption($key))->encrypt(self::CHANNEL, '{}');
    }

    public static function badKeys(): iterable
    {
        yield 'none' => [null, 'none is configured. Set CANYON_ENCRYPTION_MASTER_KEY_BASE64'];
        yield 'an empty one' => ['', 'none is configured. Set CANYON_ENCRYPTION_MASTER_KEY_BASE64'];
        yield 'no base64' => ['not base64!', 'not valid base64. Set CANYON_ENCRYPTION_MASTER_KEY_BASE64'];
        yield 'a list' => [['key'], 'not valid base64'];
        yield 'a short one' => [base64_encode('short'), 'must have 32 bytes before it is encoded in base64, not 5'];
        yield 'one that was not encoded' => [str_repeat('k', 32), 'must have 32 bytes before it is encoded in base64, not 24'];
    }

    private function encryption(): ChannelEncryption
    {
        return new ChannelEncryption(self::MASTER_KEY);
    }

    /**
     * Decrypt as a client does.
     */
    private function open(string $data, string $secret): string|false
    {
        $message = json_decode($data, true, flags: JSON_THROW_ON_ERROR);

        $this->assertSame(['nonce', 'ciphertext'], array_keys($message));

        return sodium_crypto_secretbox_open(base64_decode($message['ciphertext'], true), base64_decode($message['nonce'], true), base64_decode($secret));
    }
}
