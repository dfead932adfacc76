<?php

namespace Canyon\Dashboard;

use Canyon\Options;
use Illuminate\Contracts\Foundation\Application;

/**
 * The "dashboard" section of the configuration.
 */
final class Settings
{
    /**
     * Create a new instance.
     */
    public function __construct(private readonly Application $app)
    {
        //
    }

    /**
     * Determine if there is a dashboard at all.
     */
    public function isEnabled(): bool
    {
        return $this->option('enabled', 'boolean') ?? true;
    }

    /**
     * Get the path of the dashboard, without slashes around it.
     */
    public function path(): string
    {
        return trim($this->option('path', 'text') ?? 'canyon', '/');
    }

    /**
     * Get the domain of the dashboard, unless it is on all of them.
     */
    public function domain(): ?string
    {
        return $this->option('domain', 'text');
    }

    /**
     * Get the middleware before the gate.
     *
     * @return list<string>
     */
    public function middleware(): array
    {
        return Options::filled($this->section()['middleware'] ?? ['web']);
    }

    /**
     * Determine if a feature is on: "payloads", "sender" and "debugger" are so in the local environment, and elsewhere if switched on.
     */
    public function allows(string $feature): bool
    {
        return $this->option($feature, 'boolean') ?? $this->app->environment('local');
    }

    /**
     * Get the URL of the WebSocket server as browsers reach it, if it is not the one of the HTTP transport.
     */
    public function webSocketUrl(): ?string
    {
        return $this->option('websocket', 'text');
    }

    /**
     * Get an option, unless it is left to the package.
     *
     * @param  'boolean'|'text'  $kind
     */
    private function option(string $name, string $kind): bool|string|null
    {
        return (new Options('dashboard', $this->section()))->only([$name => $kind])[$name] ?? null;
    }

    /**
     * Get the section.
     *
     * @return array<string, mixed>
     */
    private function section(): array
    {
        return (array) $this->app->make('config')->get('canyon.dashboard');
    }
}
