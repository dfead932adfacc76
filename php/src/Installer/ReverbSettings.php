<?php

namespace Canyon\Installer;

/**
 * What config/reverb.php says of the server, as far as Canyon would do otherwise.
 */
final class ReverbSettings implements Step
{
    private const PATH = 'config/reverb.php';

    /**
     * Reverb's server, of which there is one kind.
     *
     * @var array<string, mixed>
     */
    private readonly array $server;

    /**
     * The applications that Reverb serves.
     *
     * @var list<array<string, mixed>>
     */
    private readonly array $apps;

    /**
     * Create a new settings instance.
     *
     * @param  array<string, mixed>  $reverb
     * @param  array<string, mixed>  $canyon
     */
    public function __construct(array $reverb, private readonly array $canyon)
    {
        $this->server = (array) ($reverb['servers'][$reverb['default'] ?? 'reverb'] ?? []);
        $this->apps = array_values((array) ($reverb['apps']['apps'] ?? []));
    }

    /**
     * Say what Canyon has no setting for.
     *
     * @return iterable<Proposal>
     */
    public function propose(): iterable
    {
        if (count($this->apps) > 1) {
            yield Proposal::byHand(self::PATH, 'There are several applications, and canyon:start serves one. The canyon binary serves any number, by a configuration file of its own ([canyon serve --config]).');
        }

        if ($this->server['scaling']['enabled'] ?? false) {
            yield Proposal::byHand(self::PATH, 'Scaling is enabled. Canyon serves clients from one machine; other machines publish over its HTTP API (CANYON_TRANSPORT=http).');
        }

        if ($this->app()['rate_limiting']['enabled'] ?? false) {
            yield Proposal::byHand(self::PATH, 'Rate limiting is enabled. Canyon limits what a connection sends in a second: CANYON_MAX_FRAMES_PER_SECOND, and of it client events: CANYON_APP_CLIENT_EVENT_RATE.');
        }
    }

    /**
     * Get the variables that make Canyon do the same, as they are written.
     *
     * @return array<string, string>
     */
    public function variables(): array
    {
        $app = $this->app();
        $tls = (array) ($this->server['options']['tls'] ?? []);

        $settings = [
            'CANYON_SERVER_HOST' => [$this->server['host'] ?? null, $this->canyon['server']['host'] ?? null],
            'CANYON_SERVER_PORT' => [$this->server['port'] ?? null, $this->canyon['server']['port'] ?? null],
            'CANYON_PATH_PREFIX' => [$this->server['path'] ?? null, $this->canyon['server']['path_prefix'] ?? null],
            'CANYON_TLS_CERTIFICATE' => [$tls['local_cert'] ?? null, $this->canyon['server']['tls']['certificate'] ?? null],
            'CANYON_TLS_KEY' => [$tls['local_pk'] ?? null, $this->canyon['server']['tls']['key'] ?? null],
            'CANYON_APP_ALLOWED_ORIGINS' => [$this->list($app['allowed_origins'] ?? []), $this->list($this->canyon['app']['allowed_origins'] ?? [])],
            'CANYON_APP_MAX_CONNECTIONS' => [$app['max_connections'] ?? null, $this->canyon['app']['max_connections'] ?? null],
            'CANYON_APP_CLIENT_EVENTS' => [$this->clientEvents($app), $this->canyon['app']['client_events'] ?? null],
        ];

        $differing = array_filter($settings, static fn (array $values) => is_scalar($values[0])
            && (string) $values[0] !== '' && (string) $values[0] !== (string) ($values[1] ?? ''));

        return array_map(static fn (array $values) => EnvironmentFile::quote((string) $values[0]), $differing);
    }

    /**
     * Get the application whose credentials Canyon uses.
     *
     * @return array<string, mixed>
     */
    private function app(): array
    {
        foreach ($this->apps as $app) {
            if (($app['key'] ?? null) === ($this->canyon['app']['key'] ?? null)) {
                return $app;
            }
        }

        return [];
    }

    /**
     * Get what Canyon calls the rule for client events, where it is not the usual one.
     *
     * @param  array<string, mixed>  $app
     */
    private function clientEvents(array $app): ?string
    {
        $from = $app['accept_client_events_from'] ?? 'all';

        return in_array($from, ['all', 'members', $this->canyon['app']['client_events'] ?? null], true) ? null : 'off';
    }

    /**
     * Get a list as it stands in a variable.
     */
    private function list(mixed $values): string
    {
        return implode(',', array_filter((array) $values, is_string(...)));
    }
}
