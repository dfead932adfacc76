<?php

namespace Canyon\Testing;

use Illuminate\Notifications\Events\BroadcastNotificationCreated;
use Illuminate\Support\Arr;
use Stringable;

/**
 * Something that would have been broadcast.
 */
final class Broadcast
{
    /**
     * Create a new broadcast instance.
     *
     * @param  list<string>  $channels
     * @param  array<array-key, mixed>  $payload
     */
    public function __construct(
        /** The name under which Echo hears of it. */
        public readonly string $name,
        public readonly array $channels,
        public readonly array $payload,
        /** The connection that would not have got it. */
        public readonly ?string $exceptSocketId,
        /** The event that was broadcast; the driver can be called without one. */
        public readonly ?object $event,
    ) {
        //
    }

    /**
     * Determine if it has this name, or is made of an event or a notification of this class.
     */
    public function is(string $event): bool
    {
        return $this->name === $event
            || $this->event instanceof $event
            || $this->notification() instanceof $event;
    }

    /**
     * Get the notification it carries, if it is one.
     */
    public function notification(): ?object
    {
        return $this->event instanceof BroadcastNotificationCreated ? $this->event->notification : null;
    }

    /**
     * Determine if it goes to a channel.
     */
    public function isOn(string|Stringable $channel): bool
    {
        return in_array((string) $channel, $this->channels, true);
    }

    /**
     * Get a value of the payload.
     */
    public function data(?string $key = null, mixed $default = null): mixed
    {
        return $key === null ? $this->payload : Arr::get($this->payload, $key, $default);
    }

    /**
     * Describe it in a line.
     */
    public function describe(): string
    {
        $subject = $this->notification() ?? $this->event;
        $names = array_unique([$subject === null ? $this->name : $subject::class, $this->name]);

        return '['.implode('] as [', $names).'] on ['.implode('], [', $this->channels).']';
    }
}
