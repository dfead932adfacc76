<?php

namespace Canyon\Events;

use Carbon\CarbonImmutable;

/**
 * A client has sent an event to the other subscribers of a channel: what Echo calls a whisper.
 */
final readonly class ClientEvent implements LifecycleEvent
{
    /**
     * Create a new event instance.
     *
     * The user is known on presence channels only. The data is the JSON the client has sent: a
     * cursor on the move sends sixty of these a second, and most listeners want few of them.
     */
    public function __construct(
        public string $appId,
        public string $channel,
        public string $event,
        public string $data,
        public string $socketId,
        public ?string $userId,
        public CarbonImmutable $occurredAt,
    ) {
        //
    }

    /**
     * Decode the data, or get one item of it by its "dotted" key.
     *
     * Nobody but the client vouches for it: validate it like the input of a request.
     *
     * @throws \JsonException if it is JSON that PHP does not decode, such as arrays 512 levels deep
     */
    public function json(?string $key = null, mixed $default = null): mixed
    {
        return data_get(json_decode($this->data, true, flags: JSON_BIGINT_AS_STRING | JSON_THROW_ON_ERROR), $key, $default);
    }
}
