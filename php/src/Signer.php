<?php

namespace Canyon;

/**
 * The signatures of the Pusher protocol, all of them HMAC-SHA256 with the app secret.
 */
final class Signer
{
    /**
     * Create a new signer instance.
     */
    public function __construct(private readonly Credentials $credentials)
    {
        //
    }

    /**
     * Sign a connection's subscription to a private or presence channel.
     */
    public function channel(string $socketId, string $channel, ?string $channelData = null): string
    {
        return $this->withKey(implode(':', array_filter(
            [$socketId, $channel, $channelData], static fn (?string $part) => $part !== null,
        )));
    }

    /**
     * Sign a connection's authentication as a user.
     */
    public function user(string $socketId, string $userData): string
    {
        return $this->withKey("{$socketId}::user::{$userData}");
    }

    /**
     * Get the signed query parameters of a request to the HTTP API.
     *
     * @param  array<string, string>  $parameters
     * @return array<string, string>
     */
    public function request(string $method, string $path, string $body, int $timestamp, array $parameters = []): array
    {
        $query = [
            'auth_key' => $this->credentials->key(),
            'auth_timestamp' => (string) $timestamp,
            'auth_version' => '1.0',
            'body_md5' => md5($body),
            ...$parameters,
        ];

        ksort($query);

        $pairs = implode('&', array_map(
            static fn (string $name, string $value) => "{$name}={$value}", array_keys($query), $query,
        ));

        return $query + ['auth_signature' => $this->sign("{$method}\n{$path}\n{$pairs}")];
    }

    /**
     * Sign a string for a client: the key tells the server which app's secret to check with.
     */
    private function withKey(string $string): string
    {
        return $this->credentials->key().':'.$this->sign($string);
    }

    /**
     * Sign a string.
     */
    private function sign(string $string): string
    {
        return hash_hmac('sha256', $string, $this->credentials->secret());
    }
}
