<?php

namespace Canyon\Broadcasting\Transports;

use Canyon\Broadcasting\Transport;
use Closure;

/**
 * Chooses the real transport when the first event is published: most requests create the
 * driver only to define channels, and must not fail for what only publishing needs.
 */
final class DeferredTransport implements Transport
{
    /**
     * The real transport, once it was needed.
     */
    private ?Transport $transport = null;

    /**
     * Create a new deferred transport instance.
     *
     * @param  Closure(): Transport  $resolver
     */
    public function __construct(private readonly Closure $resolver)
    {
        //
    }

    /**
     * Hand an encoded event to the server.
     *
     * @param  list<string>  $channels
     */
    public function publish(array $channels, string $event, string $data, ?string $exceptSocketId = null): void
    {
        ($this->transport ??= ($this->resolver)())->publish($channels, $event, $data, $exceptSocketId);
    }
}
