<?php

namespace Canyon\Broadcasting\Transports;

use Canyon\Broadcasting\Transport;
use Canyon\Exception;
use Canyon\InvalidConfiguration;

/**
 * Refuses events that the server would not take out of the queue, at the place that broadcasts them.
 */
final class LimitedTransport implements Transport
{
    /**
     * Create a new limited transport instance.
     */
    public function __construct(
        private readonly Transport $transport,
        private readonly int $maxEventBytes,
    ) {
        //
    }

    /**
     * Limit a transport to what is configured; without a limit there the server's own, which is the extension's too, holds.
     */
    public static function configured(Transport $transport, mixed $maxEventBytes): Transport
    {
        if ($maxEventBytes === null || $maxEventBytes === '') {
            return $transport;
        }

        if (filter_var($maxEventBytes, FILTER_VALIDATE_INT, ['options' => ['min_range' => 1]]) === false) {
            throw new InvalidConfiguration('The option [app.max_event_bytes] in config/canyon.php must be a whole number, not ['.(is_scalar($maxEventBytes) ? $maxEventBytes : gettype($maxEventBytes)).'].');
        }

        return new self($transport, (int) $maxEventBytes);
    }

    /**
     * Hand an encoded event to the server.
     *
     * @param  list<string>  $channels
     *
     * @throws \Canyon\Exception
     */
    public function publish(array $channels, string $event, string $data, ?string $exceptSocketId = null): void
    {
        if (($bytes = strlen($data)) > $this->maxEventBytes) {
            throw new Exception("The data has {$bytes} bytes, and the limit is {$this->maxEventBytes}. Send an ID and let the client fetch the rest, or raise CANYON_APP_MAX_EVENT_BYTES ([app.max_event_bytes] in config/canyon.php) here and for the server, and canyon.max_event_bytes in php.ini if it is lower.");
        }

        $this->transport->publish($channels, $event, $data, $exceptSocketId);
    }
}
