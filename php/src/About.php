<?php

namespace Canyon;

use Canyon\Broadcasting\Transports\ExtensionTransport;
use Composer\InstalledVersions;
use Illuminate\Contracts\Config\Repository;
use Illuminate\Foundation\Console\AboutCommand;

/**
 * What "php artisan about" tells of the package.
 */
final class About
{
    /**
     * Create a new instance.
     */
    public function __construct(private readonly Repository $config)
    {
        //
    }

    /**
     * Get the lines of the section.
     *
     * @return array<string, mixed>
     */
    public function toArray(): array
    {
        return [
            ...$this->version(),
            'Extension' => $this->valueOr(ExtensionTransport::isAvailable() ? (string) phpversion('canyon') : null, 'NOT LOADED'),
            'Transport' => (string) $this->config->get('canyon.transport'),
            'App ID' => $this->configured(fn () => (new Credentials((array) $this->config->get('canyon.app')))->id()),
            'Queue Directory' => $this->configured(fn () => $this->settings()['queue']),
            'Server' => $this->configured(fn () => implode(', ', $this->settings()['listen'])),
        ];
    }

    /**
     * Get the version of the package, where Composer knows it.
     *
     * @return array<string, string>
     */
    private function version(): array
    {
        return class_exists(InstalledVersions::class) && InstalledVersions::isInstalled('canyon/laravel')
            ? ['Version' => (string) InstalledVersions::getPrettyVersion('canyon/laravel')]
            : [];
    }

    /**
     * Get the settings of a server that canyon:start would start.
     *
     * @return array<string, mixed>
     */
    private function settings(): array
    {
        return (new ServerSettings((array) $this->config->get('canyon')))->toArray();
    }

    /**
     * Get a value that depends on the configuration.
     *
     * @param  callable(): string  $value
     */
    private function configured(callable $value): mixed
    {
        try {
            return $value();
        } catch (InvalidConfiguration) {
            return $this->valueOr(null, 'NOT CONFIGURED');
        }
    }

    /**
     * Get a value, or what stands out in its place.
     */
    private function valueOr(?string $value, string $otherwise): mixed
    {
        return AboutCommand::format($value, console: static fn (?string $value) => $value ?? "<fg=yellow;options=bold>{$otherwise}</>");
    }
}
