<?php

namespace Canyon\Dashboard;

use Canyon\Broadcasting\CanyonBroadcaster;
use Canyon\Broadcasting\ChannelEncryption;
use Canyon\Broadcasting\FallbackNotice;
use Canyon\Broadcasting\TransportFactory;
use Canyon\CanyonManager;
use Canyon\Credentials;
use Canyon\Signer;
use Illuminate\Contracts\Foundation\Application;

/**
 * Sends events as the application does, but with data that is no PHP array: it arrives as it was written.
 */
final class EventSender
{
    /**
     * Create a new sender.
     */
    public function __construct(private readonly Application $app, private readonly CanyonManager $canyon)
    {
        //
    }

    /**
     * Send an event whose data is JSON.
     */
    public function send(string $channel, string $event, string $json): void
    {
        $config = $this->canyon->configuration($this->canyon->getDefaultConnection());
        $credentials = new Credentials($config['app'] ?? []);
        $factory = new TransportFactory($config, $credentials, new Signer($credentials), fn (string $message) => (new FallbackNotice($this->app))($message));

        if (! str_starts_with($channel, CanyonBroadcaster::ENCRYPTED)) {
            $factory->make()->publish([$channel], $event, $json, null);

            return;
        }

        $encryption = new ChannelEncryption($config['options']['encryption_master_key_base64'] ?? null);

        foreach ($encryption->parts([$channel], [$channel], $json) as [$names, $text]) {
            $factory->make()->publish($names, $event, $text, null);
        }
    }
}
