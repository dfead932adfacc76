<?php

namespace Canyon;

use SensitiveParameter;

/**
 * The identity of the application, checked when a part of it is needed: an application whose
 * environment is still empty (a fresh clone, a build container) must boot all the same.
 */
final class Credentials
{
    /**
     * Create new credentials from the "app" section of the configuration.
     *
     * @param  array<string, mixed>  $app
     */
    public function __construct(#[SensitiveParameter] private readonly array $app)
    {
        //
    }

    /**
     * Get the application's ID.
     */
    public function id(): string
    {
        $id = $this->get('id');

        // It names the queue directory, so it must not lead out of its parent.
        if (preg_match('/\A[A-Za-z0-9_-][A-Za-z0-9._-]*\z/', $id) !== 1) {
            throw new InvalidConfiguration("The Canyon app ID [{$id}] may only contain letters, digits, dots, dashes and underscores. Change CANYON_APP_ID (or REVERB_APP_ID).");
        }

        return $id;
    }

    /**
     * Get the application's public key.
     */
    public function key(): string
    {
        return $this->get('key');
    }

    /**
     * Get the secret that signs requests and subscriptions.
     */
    public function secret(): string
    {
        return $this->get('secret');
    }

    /**
     * Ensure that all of them are configured.
     */
    public function ensureComplete(): void
    {
        $this->id();
        $this->key();
        $this->secret();
    }

    /**
     * Get a part of the credentials, which must be configured.
     */
    private function get(string $name): string
    {
        $value = $this->app[$name] ?? '';

        if ((! is_string($value) && ! is_int($value)) || $value === '') {
            $variable = strtoupper($name);

            throw new InvalidConfiguration("The Canyon app {$name} is not configured. Set CANYON_APP_{$variable} (or REVERB_APP_{$variable}) in your environment, or [app.{$name}] in config/canyon.php.");
        }

        return (string) $value;
    }
}
