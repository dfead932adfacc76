<?php

namespace Canyon\Broadcasting;

use Canyon\Broadcasting\Transports\DeferredTransport;
use Canyon\Credentials;
use Canyon\Signer;
use Illuminate\Contracts\Foundation\Application;

final class BroadcasterFactory
{
    /**
     * Create the broadcaster of a broadcasting connection.
     *
     * The connection may hold sections of config/canyon.php to differ from it.
     *
     * @param  array<string, mixed>  $connection
     */
    public static function make(Application $app, array $connection): CanyonBroadcaster
    {
        $config = array_replace_recursive((array) $app->make('config')->get('canyon'), $connection);
        $credentials = new Credentials($config['app'] ?? []);
        $signer = new Signer($credentials);

        $transports = new TransportFactory($config, $credentials, $signer, static fn (string $message) => (new FallbackNotice($app))($message));

        return new CanyonBroadcaster($signer, new DeferredTransport($transports->make(...)));
    }
}
