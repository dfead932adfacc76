<?php

namespace Canyon\Webhooks;

use Canyon\Broadcasting\BroadcasterFactory;
use Canyon\Credentials;
use Canyon\InvalidConfiguration;
use Illuminate\Contracts\Config\Repository;
use Illuminate\Contracts\Foundation\Application;

/**
 * The apps whose servers the application believes: those of its own broadcasting connections.
 */
final class Apps
{
    /**
     * Create a new instance.
     */
    public function __construct(private readonly Application $app)
    {
        //
    }

    /**
     * Find the credentials of the app with a key.
     */
    public function find(string $key): ?Credentials
    {
        foreach ($this->all() as $app) {
            $credentials = new Credentials($app);

            try {
                $credentials->ensureComplete();
            } catch (InvalidConfiguration) {
                // An empty secret would sign for everybody.
                continue;
            }

            if ($credentials->key() === $key) {
                return $credentials;
            }
        }

        return null;
    }

    /**
     * Get what is configured of all apps. Pusher's are among them, for its webhooks are the same.
     *
     * @return iterable<array<string, mixed>>
     */
    private function all(): iterable
    {
        $config = $this->app->make(Repository::class);

        yield (array) $config->get('canyon.app');

        foreach ((array) $config->get('broadcasting.connections') as $connection) {
            $driver = $connection['driver'] ?? null;

            if ($driver === 'canyon') {
                yield (array) (BroadcasterFactory::configuration($this->app, $connection)['app'] ?? []);
            } elseif ($driver === 'pusher') {
                yield ['id' => $connection['app_id'] ?? null] + $connection;
            }
        }
    }
}
