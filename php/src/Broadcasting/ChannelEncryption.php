<?php

namespace Canyon\Broadcasting;

use Canyon\InvalidConfiguration;
use SensitiveParameter;

/**
 * Keeps events of encrypted channels from everybody but their subscribers, the server included, as Pusher's libraries do:
 * each channel has a secret of its own, derived from the application's master key, that the application tells subscribers.
 */
final class ChannelEncryption
{
    /**
     * Create a new channel encryption instance; the key is checked with the first channel that needs it.
     */
    public function __construct(#[SensitiveParameter] private readonly mixed $masterKeyBase64)
    {
        //
    }

    /**
     * Get the secret with which subscribers decrypt the events of a channel.
     */
    public function sharedSecret(string $channel): string
    {
        return base64_encode($this->key($channel));
    }

    /**
     * Encrypt the payload of an event for the subscribers of a channel.
     */
    public function encrypt(string $channel, string $data): string
    {
        $key = $this->key($channel);
        $nonce = random_bytes(SODIUM_CRYPTO_SECRETBOX_NONCEBYTES);

        return json_encode([
            'nonce' => base64_encode($nonce),
            'ciphertext' => base64_encode(sodium_crypto_secretbox($data, $nonce, $key)),
        ], JSON_THROW_ON_ERROR);
    }

    /**
     * Split an event up into what can be published in one go: each encrypted channel gets a ciphertext of its own.
     *
     * The order of the channels stays, and all is encrypted before the first part can be published.
     *
     * @param  list<string>  $channels
     * @param  list<string>  $encrypted  Those of the channels that are encrypted.
     * @return list<array{list<string>, string}>
     */
    public function parts(array $channels, array $encrypted, string $data): array
    {
        $parts = [];
        $plain = [];

        foreach ($channels as $channel) {
            if (! in_array($channel, $encrypted, true)) {
                $plain[] = $channel;

                continue;
            }

            if ($plain !== []) {
                $parts[] = [$plain, $data];
                $plain = [];
            }

            $parts[] = [[$channel], $this->encrypt($channel, $data)];
        }

        return $plain === [] ? $parts : [...$parts, [$plain, $data]];
    }

    /**
     * Get the key of a channel.
     */
    private function key(string $channel): string
    {
        return hash('sha256', $channel.$this->masterKey(), true);
    }

    /**
     * Get the master key, which must be configured.
     */
    private function masterKey(): string
    {
        if (! extension_loaded('sodium')) {
            throw new InvalidConfiguration('Encrypted channels need the sodium extension of PHP, which is not loaded ('.PHP_SAPI.', '.(php_ini_loaded_file() ?: 'no php.ini').').');
        }

        $key = is_string($this->masterKeyBase64) ? base64_decode($this->masterKeyBase64, true) : false;

        return match (true) {
            $this->masterKeyBase64 === null, $this->masterKeyBase64 === '' => throw new InvalidConfiguration('Encrypted channels need a master key, and none is configured. Set CANYON_ENCRYPTION_MASTER_KEY_BASE64 in your environment, or [options.encryption_master_key_base64] in config/canyon.php; "openssl rand -base64 32" makes one.'),
            $key === false => throw new InvalidConfiguration('The master key of encrypted channels is not valid base64. Set CANYON_ENCRYPTION_MASTER_KEY_BASE64 to the output of "openssl rand -base64 32".'),
            strlen($key) !== SODIUM_CRYPTO_SECRETBOX_KEYBYTES => throw new InvalidConfiguration('The master key of encrypted channels must have 32 bytes before it is encoded in base64, not '.strlen($key).'. Set CANYON_ENCRYPTION_MASTER_KEY_BASE64 to the output of "openssl rand -base64 32".'),
            default => $key,
        };
    }
}
