<?php

namespace Canyon\Broadcasting\Transports;

use Canyon\Broadcasting\EventLimit;
use Canyon\Broadcasting\Transport;
use Canyon\Publisher;

use function strlen;

final class ExtensionTransport implements Transport
{
    /**
     * The extension's end of the queue.
     */
    private readonly Publisher $publisher;

    /**
     * Create a new extension transport instance.
     */
    public function __construct(
        string $queue,
        string $appId,
        private readonly EventLimit $limit = new EventLimit,
    ) {
        $this->publisher = new Publisher($queue, $appId);
    }

    /**
     * Determine if the extension is loaded.
     */
    public static function isAvailable(): bool
    {
        return extension_loaded('canyon');
    }

    /**
     * Hand an encoded event to the server.
     *
     * @param  list<string>  $channels
     */
    public function publish(array $channels, string $event, string $data, ?string $exceptSocketId = null): void
    {
        if (strlen($data) > $this->limit->bytes) {
            throw $this->limit->exceededBy($data);
        }

        $this->publisher->publish($channels, $event, $data, $exceptSocketId);
    }
}
