<?php

namespace Canyon;

use Canyon\Api\Connection;
use Canyon\Api\HttpApi;
use Canyon\Api\HttpConnection;
use Canyon\Broadcasting\BroadcasterFactory;
use Canyon\Dashboard\Gatekeeper;
use Closure;
use Illuminate\Contracts\Foundation\Application;
use Illuminate\Http\Client\Factory;
use Illuminate\Http\Request;
use InvalidArgumentException;
use UnitEnum;

use function Illuminate\Support\enum_value;

/**
 * @mixin Connection
 */
class CanyonManager
{
    /**
     * Create a new manager instance.
     */
    public function __construct(protected readonly Application $app)
    {
        //
    }

    /**
     * Get the server behind a broadcasting connection.
     */
    public function connection(UnitEnum|string|null $name = null): Connection
    {
        return new HttpConnection(HttpApi::fromConfig(
            $this->app->make(Factory::class), $this->configuration((string) enum_value($name ?? $this->getDefaultConnection())),
        ));
    }

    /**
     * Get the name of the default broadcasting connection, if it is one of Canyon's.
     */
    public function getDefaultConnection(): string
    {
        $config = $this->app->make('config');
        $default = (string) $config->get('broadcasting.default');

        return $config->get("broadcasting.connections.{$default}.driver") === 'canyon' ? $default : 'canyon';
    }

    /**
     * Have a callback decide who may see the dashboard, instead of the gate "viewCanyon".
     *
     * @param  (Closure(Request): bool)|null  $callback
     */
    public function auth(?Closure $callback): void
    {
        Gatekeeper::using($callback);
    }

    /**
     * Get the configuration of a broadcasting connection.
     *
     * @return array<string, mixed>
     */
    public function configuration(string $name): array
    {
        $connection = $this->app->make('config')->get("broadcasting.connections.{$name}");

        if (! is_array($connection)) {
            throw new InvalidArgumentException("Broadcast connection [{$name}] is not defined.");
        }

        if (($connection['driver'] ?? null) !== 'canyon') {
            throw new InvalidArgumentException("Broadcast connection [{$name}] is not one of Canyon's: its driver is [".($connection['driver'] ?? 'none').'].');
        }

        return BroadcasterFactory::configuration($this->app, $connection);
    }

    /**
     * Dynamically ask the server behind the default connection.
     *
     * @param  array<array-key, mixed>  $parameters
     */
    public function __call(string $method, array $parameters): mixed
    {
        return $this->connection()->{$method}(...$parameters);
    }
}
