<?php

namespace Canyon\Testing;

use Closure;
use Illuminate\Broadcasting\BroadcastEvent;
use Illuminate\Contracts\Broadcasting\Broadcaster;
use Illuminate\Http\Request;

/**
 * Records what is broadcast; everything else, such as who may listen to a channel, is left to the real broadcaster.
 *
 * @mixin \Illuminate\Broadcasting\Broadcasters\Broadcaster
 */
final class FakeBroadcaster implements Broadcaster
{
    /**
     * How far up the call of the driver the event is looked for.
     */
    private const DEPTH = 8;

    /**
     * Create a new fake broadcaster instance.
     *
     * @param  Closure(Broadcast): void  $record
     */
    public function __construct(
        public readonly Broadcaster $broadcaster,
        private readonly Closure $record,
    ) {
        //
    }

    /**
     * Authenticate the incoming request for a given channel.
     *
     * @param  Request  $request
     * @return mixed
     */
    public function auth($request)
    {
        return $this->broadcaster->auth($request);
    }

    /**
     * Return the valid authentication response.
     *
     * @param  Request  $request
     * @param  mixed  $result
     * @return mixed
     */
    public function validAuthenticationResponse($request, $result)
    {
        return $this->broadcaster->validAuthenticationResponse($request, $result);
    }

    /**
     * Record the given event.
     *
     * @param  array<array-key, mixed>  $channels
     * @param  string  $event
     * @param  array<string, mixed>  $payload
     * @return void
     */
    public function broadcast(array $channels, $event, array $payload = [])
    {
        $channels = array_values(array_unique(array_map(static fn (mixed $channel) => (string) $channel, $channels)));

        if ($channels === []) {
            return;
        }

        $exceptSocketId = $payload['socket'] ?? null;
        unset($payload['socket']);

        ($this->record)(new Broadcast((string) $event, $channels, $payload, $exceptSocketId, $this->event()));
    }

    /**
     * Find the event of which the driver is told the name only.
     */
    private function event(): ?object
    {
        foreach (debug_backtrace(DEBUG_BACKTRACE_PROVIDE_OBJECT | DEBUG_BACKTRACE_IGNORE_ARGS, self::DEPTH) as $frame) {
            if (($frame['object'] ?? null) instanceof BroadcastEvent) {
                return $frame['object']->event;
            }
        }

        return null;
    }

    /**
     * Dynamically call the real broadcaster.
     *
     * @param  array<array-key, mixed>  $parameters
     */
    public function __call(string $method, array $parameters): mixed
    {
        return $this->broadcaster->{$method}(...$parameters);
    }
}
