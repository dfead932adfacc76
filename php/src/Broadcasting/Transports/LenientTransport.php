<?php

namespace Canyon\Broadcasting\Transports;

use Canyon\Broadcasting\Transport;
use Canyon\QueueFull;
use Closure;

/**
 * Goes on where the queue has no room for an event; the server counts such events in any case.
 */
final class LenientTransport implements Transport
{
    /**
     * Create a new lenient transport instance.
     *
     * @param  Closure(string, QueueFull): void  $onFull  gets the name of the event and what was thrown
     */
    public function __construct(
        private readonly Transport $transport,
        private readonly Closure $onFull,
    ) {
        //
    }

    /**
     * Hand an encoded event to the server.
     *
     * @param  list<string>  $channels
     */
    public function publish(array $channels, string $event, string $data, ?string $exceptSocketId = null): void
    {
        try {
            $this->transport->publish($channels, $event, $data, $exceptSocketId);
        } catch (QueueFull $e) {
            ($this->onFull)($event, $e);
        }
    }
}
