<?php

namespace Canyon;

/**
 * The settings of a server, under the names that both the extension and the canyon binary know.
 */
final class ServerSettings
{
    /**
     * The options of the server, and how they are written.
     */
    private const SERVER = [
        'path_prefix' => 'text',
        'max_age' => 'number',
        'start_hold' => 'number',
        'send_timeout' => 'number',
        'workers' => 'number',
        'drain_seconds' => 'number',
    ];

    /**
     * The limits of the server, and how they are written.
     */
    private const LIMITS = [
        'max_connections_per_address' => 'number',
        'connects_per_second_per_address' => 'number',
        'max_frames_per_second' => 'number',
        'max_bytes_per_second' => 'number',
        'max_outbox_bytes' => 'number',
    ];

    /**
     * The options beside the sections, and how they are written.
     */
    private const REST = [
        'queue_group' => 'text',
        'queue_owner' => 'text',
        'metrics' => 'text',
        'metrics_token' => 'text',
        'log_format' => 'text',
        'log_level' => 'text',
    ];

    /**
     * The options of an application that need no translation, and how they are written.
     */
    private const APP = [
        'enabled' => 'boolean',
        'requires_tls' => 'boolean',
        'client_event_rate' => 'number',
        'subscription_counts' => 'boolean',
        'user_authentication' => 'boolean',
        'watchlist' => 'boolean',
        'activity_timeout' => 'number',
        'authorization_timeout' => 'number',
        'max_connections' => 'number',
        'max_subscriptions_per_connection' => 'number',
        'max_event_bytes' => 'number',
        'max_channels_per_event' => 'number',
        'max_batch_size' => 'number',
        'max_channel_name_length' => 'number',
        'max_presence_members' => 'number',
        'max_presence_bytes' => 'number',
    ];

    /**
     * Create new server settings from config/canyon.php.
     *
     * @param  array<string, mixed>  $config
     * @param  list<string>  $listen
     * @param  list<array{url: string, events: list<string>}>  $webhooks  besides the configured endpoints
     */
    public function __construct(
        private readonly array $config,
        private readonly array $listen = [],
        private readonly ?string $host = null,
        private readonly ?string $port = null,
        private readonly array $webhooks = [],
    ) {
        //
    }

    /**
     * Get the settings as an array.
     *
     * @return array{listen: list<string>, tls?: list<array{certificate: string, key: string}>, queue: string, queue_group?: string, queue_owner?: string, path_prefix?: string, max_age?: int, start_hold?: int, send_timeout?: int, workers?: int, drain_seconds?: int, trusted_proxies?: list<string>, max_connections_per_address?: int, connects_per_second_per_address?: int, max_frames_per_second?: int, max_bytes_per_second?: int, max_outbox_bytes?: int, metrics?: string, metrics_token?: string, log_format?: string, log_level?: string, app: list<array<string, mixed>>}
     */
    public function toArray(): array
    {
        $app = $this->config['app'] ?? [];
        $credentials = new Credentials($app);

        return [
            'listen' => $this->addresses(),
            ...array_filter(['tls' => $this->certificates()]),
            'queue' => QueueDirectory::resolve($this->config['queue'] ?? null, $credentials),
            ...(new Options('', $this->config))->only(self::REST),
            ...(new Options('server', $this->config['server'] ?? []))->only(self::SERVER),
            ...array_filter(['trusted_proxies' => Options::filled($this->config['limits']['trusted_proxies'] ?? [])]),
            ...(new Options('limits', $this->config['limits'] ?? []))->only(self::LIMITS),
            'app' => [[
                'id' => $credentials->id(),
                'key' => $credentials->key(),
                'secret' => $credentials->secret(),
                ...$this->rules($app),
            ]],
        ];
    }

    /**
     * Get the addresses to listen on: those asked for on the command line, else those configured.
     *
     * @return list<string>
     */
    private function addresses(): array
    {
        $addresses = Options::filled($this->listen);

        if ($addresses === [] || $this->host !== null || $this->port !== null) {
            $configured = $this->host === null && $this->port === null
                ? Options::filled($this->config['server']['listen'] ?? [])
                : [];

            array_push($addresses, ...($configured ?: [$this->hostAndPort()]));
        }

        return $addresses;
    }

    /**
     * Get the address made of host and port; with a certificate, TLS is spoken there.
     */
    private function hostAndPort(): string
    {
        $host = $this->host ?? (string) ($this->config['server']['host'] ?? '0.0.0.0');
        $port = $this->port ?? (string) ($this->config['server']['port'] ?? '8080');

        if ($host === '') {
            throw new InvalidConfiguration('The host the Canyon server listens on is empty. Set CANYON_SERVER_HOST (or REVERB_SERVER_HOST), for example to "0.0.0.0".');
        }

        if (preg_match('/\A\d{1,5}\z/', $port) !== 1 || (int) $port > 65535) {
            throw new InvalidConfiguration("The port the Canyon server listens on must be a number between 0 and 65535, not [{$port}]. Set CANYON_SERVER_PORT (or REVERB_SERVER_PORT).");
        }

        $tls = $this->certificates() === [] ? '' : 'tls:';

        return $tls.(str_contains($host, ':') && ! str_starts_with($host, '[') ? "[{$host}]:{$port}" : "{$host}:{$port}");
    }

    /**
     * Get the certificates: one with its key, or a list of such.
     *
     * @return list<array{certificate: string, key: string}>
     */
    private function certificates(): array
    {
        $tls = (array) ($this->config['server']['tls'] ?? []);
        $kinds = ['certificate' => 'text', 'key' => 'text'];

        $certificates = array_map(
            static fn (mixed $pair) => (new Options('server.tls', (array) $pair))->only($kinds),
            array_is_list($tls) ? $tls : [$tls],
        );

        foreach ($certificates as $certificate) {
            if (count($certificate) === 1) {
                throw new InvalidConfiguration('The option [server.tls] in config/canyon.php must name both the certificate and its key. Set CANYON_TLS_CERTIFICATE and CANYON_TLS_KEY.');
            }
        }

        return array_values(array_filter($certificates));
    }

    /**
     * Get what the server shall allow connections of the application, and whom it shall tell of them.
     *
     * @param  array<string, mixed>  $app
     * @return array<string, mixed>
     */
    private function rules(array $app): array
    {
        $options = new Options('app', $app);

        return array_filter([
            ...$options->only(self::APP),
            'client_events' => $this->clientEvents($options, $app['client_events'] ?? null),
            'allowed_origins' => isset($app['allowed_origins']) ? Options::filled($app['allowed_origins']) : null,
            'webhooks' => [...$this->endpoints(), ...$this->webhooks] ?: null,
        ], static fn (mixed $value) => $value !== null);
    }

    /**
     * Get whose client events are accepted; what Reverb calls "all" are members too, for nobody else can be heard.
     */
    private function clientEvents(Options $options, mixed $value): ?string
    {
        return match (true) {
            $value === null => null,
            $value === true, $value === 'members', $value === 'all' => 'members',
            $value === false, $value === 'off', $value === 'none' => 'off',
            default => throw $options->mistake('client_events', '"members" or "off"', $value),
        };
    }

    /**
     * Get the endpoints that are told of what happens; the server checks what stands beside their URLs.
     *
     * @return list<array<string, mixed>>
     */
    private function endpoints(): array
    {
        $options = new Options('webhooks', $this->config['webhooks'] ?? []);

        return array_map(static function (mixed $endpoint) use ($options) {
            $endpoint = is_string($endpoint) ? ['url' => $endpoint] : $endpoint;

            return is_array($endpoint) && is_string($endpoint['url'] ?? null) && $endpoint['url'] !== ''
                ? $endpoint
                : throw $options->mistake('endpoints', 'a list of endpoints, each with its "url"', $endpoint);
        }, array_values((array) ($this->config['webhooks']['endpoints'] ?? [])));
    }
}
