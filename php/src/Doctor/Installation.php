<?php

namespace Canyon\Doctor;

use Canyon\Broadcasting\BroadcasterFactory;
use Canyon\Broadcasting\TransportFactory;
use Canyon\Credentials;
use Canyon\Http\Controllers\BatchAuthController;
use Canyon\InvalidConfiguration;
use Canyon\QueueDirectory;
use Canyon\ServerAddress;
use Canyon\Signer;
use Canyon\Webhooks\WebhookRoute;
use Dotenv\Dotenv;
use Dotenv\Exception\InvalidFileException;
use Illuminate\Broadcasting\BroadcastController;
use Illuminate\Contracts\Foundation\Application;
use Illuminate\Routing\Route;
use Illuminate\Routing\Router;
use Illuminate\Support\Env;

/**
 * How the application is configured to use Canyon.
 */
final class Installation
{
    /**
     * The prefixes under which Echo's settings are customarily handed to Vite.
     */
    private const VITE_PREFIXES = ['VITE_CANYON_', 'VITE_REVERB_', 'VITE_PUSHER_'];

    public readonly Credentials $credentials;

    public readonly Signer $signer;

    /**
     * The configuration, as the broadcaster uses it.
     *
     * @var array<string, mixed>
     */
    public readonly array $config;

    /**
     * The variables of the environment file, which are not loaded where the configuration is cached.
     *
     * @var array<string, ?string>
     */
    private readonly array $environmentFile;

    /**
     * Create a new installation instance.
     */
    public function __construct(private readonly Application $app, private readonly ?string $url = null)
    {
        $this->config = BroadcasterFactory::configuration(
            $app, (array) $app->make('config')->get('broadcasting.connections.'.$this->connection()),
        );

        $this->credentials = new Credentials($this->config['app'] ?? []);
        $this->signer = new Signer($this->credentials);
        $this->environmentFile = $this->readEnvironmentFile();
    }

    /**
     * Determine if the application has an ID, a key and a secret.
     */
    public function hasCredentials(): bool
    {
        try {
            $this->credentials->ensureComplete();
        } catch (InvalidConfiguration) {
            return false;
        }

        return true;
    }

    /**
     * Get the name of the broadcasting connection that is looked at: the default one, if it is one of Canyon's.
     */
    public function connection(): string
    {
        $default = $this->defaultConnection();

        return $this->driverOf($default) === 'canyon' ? $default : 'canyon';
    }

    /**
     * Get the name of the application's default broadcasting connection.
     */
    public function defaultConnection(): string
    {
        return (string) $this->app->make('config')->get('broadcasting.default');
    }

    /**
     * Get the driver of a broadcasting connection.
     */
    public function driverOf(string $connection): ?string
    {
        return $this->app->make('config')->get("broadcasting.connections.{$connection}.driver");
    }

    /**
     * Get the transport that is configured.
     */
    public function configuredTransport(): string
    {
        return $this->transports()->configured();
    }

    /**
     * Get the transport that is used in this process.
     */
    public function transport(): string
    {
        return $this->transports()->chosen();
    }

    /**
     * Get the factory of the transport; its notice is left to those who broadcast.
     */
    public function transports(): TransportFactory
    {
        return new TransportFactory($this->config, $this->credentials, $this->signer, static fn () => null);
    }

    /**
     * Get the queue directory.
     */
    public function queue(): string
    {
        return QueueDirectory::resolve($this->config['queue'] ?? null, $this->credentials);
    }

    /**
     * Get the address where the application reaches the HTTP API.
     */
    public function apiAddress(): ServerAddress
    {
        return ServerAddress::fromConfig($this->config['http'] ?? [], $this->pathPrefix());
    }

    /**
     * Get the address where browsers connect: the one asked for, else what Echo is told, else that of the HTTP API.
     */
    public function publicAddress(): ServerAddress
    {
        if ($this->url !== null) {
            return ServerAddress::fromUrl($this->url);
        }

        if (($host = $this->vite('HOST')) === null) {
            return $this->apiAddress();
        }

        return ServerAddress::fromConfig(array_filter([
            'host' => $host[1],
            'port' => $this->vite('PORT')[1] ?? null,
            'scheme' => $this->vite('SCHEME')[1] ?? $this->config['http']['scheme'] ?? null,
        ]), $this->pathPrefix());
    }

    /**
     * Get where the public address was taken from.
     */
    public function publicAddressSource(): string
    {
        return $this->url !== null ? '--url' : ($this->vite('HOST')[0] ?? 'CANYON_HOST');
    }

    /**
     * Get the name and value of a variable for Vite.
     *
     * @return array{string, string}|null
     */
    public function vite(string $name): ?array
    {
        foreach (self::VITE_PREFIXES as $prefix) {
            $value = (string) (Env::get($prefix.$name) ?? $this->environmentFile[$prefix.$name] ?? '');

            if ($value !== '') {
                return [$prefix.$name, $value];
            }
        }

        return null;
    }

    /**
     * Get the origin of the application's pages.
     */
    public function origin(): ?string
    {
        $url = parse_url((string) $this->app->make('config')->get('app.url'));

        return isset($url['scheme'], $url['host'])
            ? "{$url['scheme']}://{$url['host']}".(isset($url['port']) ? ":{$url['port']}" : '')
            : null;
    }

    /**
     * Get the webhook that a server outside of PHP is told of, unless it is not needed.
     *
     * @return array{url: string, events: list<string>}|null
     */
    public function webhook(): ?array
    {
        return $this->app->make(WebhookRoute::class)->settings();
    }

    /**
     * Get the paths of the routes that authorize channels.
     *
     * @return list<string>
     */
    public function authorizationRoutes(): array
    {
        $controllers = [BroadcastController::class.'@authenticate', BatchAuthController::class];
        $routes = array_filter($this->app->make(Router::class)->getRoutes()->getRoutes(), static fn (Route $route) => in_array(ltrim($route->getActionName(), '\\'), $controllers, true));

        return array_values(array_unique(array_map(static fn (Route $route) => $route->uri(), $routes)));
    }

    /**
     * Get the directory of what Vite has built.
     */
    public function buildDirectory(): string
    {
        return $this->app->publicPath('build');
    }

    /**
     * Get the path before "/app" and "/apps".
     */
    private function pathPrefix(): string
    {
        return (string) ($this->config['server']['path_prefix'] ?? '');
    }

    /**
     * Read the environment file, if there is one.
     *
     * @return array<string, ?string>
     */
    private function readEnvironmentFile(): array
    {
        $file = $this->app->environmentFilePath();

        try {
            return is_readable($file) ? Dotenv::parse((string) file_get_contents($file)) : [];
        } catch (InvalidFileException) {
            return [];
        }
    }
}
