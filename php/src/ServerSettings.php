<?php

namespace Canyon;

/**
 * The settings of a server, under the names that both the extension and the canyon binary know.
 */
final class ServerSettings
{
    /**
     * Create new server settings from config/canyon.php.
     *
     * @param  array<string, mixed>  $config
     * @param  list<string>  $listen
     */
    public function __construct(
        private readonly array $config,
        private readonly array $listen = [],
        private readonly ?string $host = null,
        private readonly ?string $port = null,
    ) {
        //
    }

    /**
     * Get the settings as an array.
     *
     * @return array{listen: list<string>, queue: string, queue_group?: string, path_prefix: string, max_age?: int, start_hold?: int, app: list<array<string, mixed>>}
     */
    public function toArray(): array
    {
        $app = $this->config['app'] ?? [];
        $credentials = new Credentials($app);

        return [
            'listen' => $this->addresses(),
            'queue' => QueueDirectory::resolve($this->config['queue'] ?? null, $credentials),
            ...array_filter(['queue_group' => (string) ($this->config['queue_group'] ?? '')]),
            'path_prefix' => (string) ($this->config['server']['path_prefix'] ?? ''),
            ...$this->times($this->config['server'] ?? []),
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
        $addresses = $this->filled($this->listen);

        if ($addresses === [] || $this->host !== null || $this->port !== null) {
            $configured = $this->host === null && $this->port === null
                ? $this->filled((array) ($this->config['server']['listen'] ?? []))
                : [];

            array_push($addresses, ...($configured ?: [$this->hostAndPort()]));
        }

        return $addresses;
    }

    /**
     * Get the address made of host and port.
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

        return str_contains($host, ':') && ! str_starts_with($host, '[') ? "[{$host}]:{$port}" : "{$host}:{$port}";
    }

    /**
     * Get how the server treats events that waited for it; what is not configured is left to the server.
     *
     * @param  array<string, mixed>  $server
     * @return array<string, int>
     */
    private function times(array $server): array
    {
        return array_filter([
            'max_age' => $this->number($server, 'max_age', 'server'),
            'start_hold' => $this->number($server, 'start_hold', 'server'),
        ], static fn (?int $value) => $value !== null);
    }

    /**
     * Get what the server shall allow connections of the application; what is not configured is left to the server.
     *
     * @param  array<string, mixed>  $app
     * @return array<string, mixed>
     */
    private function rules(array $app): array
    {
        return array_filter([
            'client_events' => $this->clientEvents($app['client_events'] ?? null),
            'subscription_counts' => $this->boolean($app, 'subscription_counts'),
            'max_connections' => $this->number($app, 'max_connections'),
            'max_event_bytes' => $this->number($app, 'max_event_bytes'),
            'activity_timeout' => $this->number($app, 'activity_timeout'),
            'allowed_origins' => isset($app['allowed_origins']) ? $this->filled((array) $app['allowed_origins']) : null,
        ], static fn (mixed $value) => $value !== null);
    }

    /**
     * Get whose client events are accepted; what Reverb calls "all" are members too, for nobody else can be heard.
     */
    private function clientEvents(mixed $value): ?string
    {
        return match (true) {
            $value === null => null,
            $value === true, $value === 'members', $value === 'all' => 'members',
            $value === false, $value === 'off', $value === 'none' => 'off',
            default => throw new InvalidConfiguration('The option [app.client_events] in config/canyon.php must be "members" or "off", not ['.(is_scalar($value) ? $value : gettype($value)).'].'),
        };
    }

    /**
     * Get an option that is on or off.
     *
     * @param  array<string, mixed>  $app
     */
    private function boolean(array $app, string $option): ?bool
    {
        $value = $app[$option] ?? null;

        if ($value === null || $value === '') {
            return null;
        }

        return filter_var($value, FILTER_VALIDATE_BOOLEAN, FILTER_NULL_ON_FAILURE)
            ?? throw new InvalidConfiguration("The option [app.{$option}] in config/canyon.php must be true or false, not [".(is_scalar($value) ? $value : gettype($value)).'].');
    }

    /**
     * Get an option that is a number.
     *
     * @param  array<string, mixed>  $options
     */
    private function number(array $options, string $option, string $section = 'app'): ?int
    {
        $value = $options[$option] ?? null;

        if ($value === null || $value === '') {
            return null;
        }

        if (filter_var($value, FILTER_VALIDATE_INT, ['options' => ['min_range' => 0]]) === false) {
            throw new InvalidConfiguration("The option [{$section}.{$option}] in config/canyon.php must be a whole number, not [".(is_scalar($value) ? $value : gettype($value)).'].');
        }

        return (int) $value;
    }

    /**
     * Get the entries of a list that are not blank.
     *
     * @param  array<array-key, mixed>  $list
     * @return list<string>
     */
    private function filled(array $list): array
    {
        return array_values(array_filter(
            array_map(static fn (mixed $entry) => trim((string) $entry), $list),
            static fn (string $entry) => $entry !== '',
        ));
    }
}
