<?php

namespace Canyon\Broadcasting;

use Canyon\Credentials;
use Canyon\Signer;
use Illuminate\Contracts\Foundation\Application;

final class BroadcasterFactory
{
    /**
     * Create the broadcaster of a broadcasting connection.
     *
     * @param  array<string, mixed>  $connection
     */
    public static function make(Application $app, array $connection): CanyonBroadcaster
    {
        $config = self::configuration($app, $connection);
        $credentials = new Credentials($config['app'] ?? []);
        $signer = new Signer($credentials);

        $transports = new TransportFactory($config, $credentials, $signer, static fn (string $message) => (new FallbackNotice($app))($message));

        return new CanyonBroadcaster($signer, static fn () => new Delivery(
            $transports->make(),
            OnFull::configured($config['on_full'] ?? null, $app->runningInConsole()),
        ), $config['options']['encryption_master_key_base64'] ?? null);
    }

    /**
     * Get the configuration of a broadcasting connection, which may hold sections of config/canyon.php to differ from it.
     *
     * @param  array<string, mixed>  $connection
     * @return array<string, mixed>
     */
    public static function configuration(Application $app, array $connection): array
    {
        return array_replace_recursive((array) $app->make('config')->get('canyon'), $connection);
    }
}
