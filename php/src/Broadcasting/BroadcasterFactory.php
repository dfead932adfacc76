<?php

namespace Canyon\Broadcasting;

use Canyon\Broadcasting\Transports\DeferredTransport;
use Canyon\Broadcasting\Transports\HttpTransport;
use Canyon\Broadcasting\Transports\LenientTransport;
use Canyon\Broadcasting\Transports\LimitedTransport;
use Canyon\Credentials;
use Canyon\QueueFull;
use Canyon\Signer;
use Illuminate\Broadcasting\BroadcastException;
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

        return new CanyonBroadcaster($signer, new DeferredTransport(
            static fn () => self::lenient($app, $config, self::limited($config, $transports->make()))
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

    /**
     * Have the transport refuse what the server would; over HTTP the server does so itself, and its limit counts.
     *
     * @param  array<string, mixed>  $config
     */
    private static function limited(array $config, Transport $transport): Transport
    {
        return $transport instanceof HttpTransport
            ? $transport
            : LimitedTransport::configured($transport, $config['app']['max_event_bytes'] ?? null);
    }

    /**
     * Have the transport treat an event without room as configured.
     *
     * @param  array<string, mixed>  $config
     */
    private static function lenient(Application $app, array $config, Transport $transport): Transport
    {
        return match (OnFull::configured($config['on_full'] ?? null, $app->runningInConsole())) {
            OnFull::Throw => $transport,
            OnFull::Drop => new LenientTransport($transport, static fn () => null),
            OnFull::Report => new LenientTransport($transport, static fn (string $event, QueueFull $e) => report(
                new BroadcastException("Failed to broadcast event [{$event}]: {$e->getMessage()}", 0, $e)
            )),
        };
    }
}
