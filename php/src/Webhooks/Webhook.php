<?php

namespace Canyon\Webhooks;

use Canyon\Events\LifecycleEvents;
use Canyon\Exception;
use Illuminate\Support\Str;
use JsonException;

/**
 * What a request tells of, in the format of Pusher's webhooks.
 */
final class Webhook
{
    /**
     * The fields of an event that are text, with the types of events that must have them.
     */
    private const TEXTS = [
        'channel' => null,
        'user_id' => ['member_added', 'member_removed'],
        'event' => ['client_event'],
        'data' => ['client_event'],
        'socket_id' => ['client_event'],
    ];

    /**
     * Create a new webhook.
     *
     * @param  list<array<string, mixed>>  $events
     */
    private function __construct(
        private readonly int $timeMs,
        private readonly array $events,
    ) {
        //
    }

    /**
     * Create a webhook from the body of a request.
     *
     * @throws Exception if it is not one
     */
    public static function fromJson(string $body): self
    {
        try {
            $webhook = json_decode($body, true, flags: JSON_THROW_ON_ERROR);
        } catch (JsonException $e) {
            throw new Exception("The body is not JSON: {$e->getMessage()}.");
        }

        if (! is_int($webhook['time_ms'] ?? null) || ! is_array($webhook['events'] ?? null)) {
            throw new Exception('The body has no [time_ms], which is a number, or no [events], which are a list.');
        }

        foreach ($webhook['events'] as $index => $event) {
            self::ensureIsEvent($event, $index);
        }

        return new self($webhook['time_ms'], array_values($webhook['events']));
    }

    /**
     * Get how many seconds lie between a moment and the one in which the webhook was made.
     */
    public function distanceTo(int $now): int
    {
        return abs($now - intdiv($this->timeMs, 1000));
    }

    /**
     * Get the events as Canyon\Server::poll() would tell of them.
     *
     * @return list<array<string, mixed>>
     */
    public function events(string $appId): array
    {
        return array_map(fn (array $event) => [
            ...$event,
            'type' => $event['name'],
            'app' => $appId,
            'time_ms' => $this->timeMs,
            ...isset($event['data']) ? ['data' => $this->json($event['data'])] : [],
            ...isset($event['subscription_count']) ? ['count' => $event['subscription_count']] : [],
        ], $this->events);
    }

    /**
     * Get the JSON of a client event's data: where it is none, the client has sent a text.
     */
    private function json(string $data): string
    {
        return Str::isJson($data) ? $data : json_encode($data, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
    }

    /**
     * Ensure that an event is complete; one of an unknown type is ignored later, whatever it holds.
     */
    private static function ensureIsEvent(mixed $event, int|string $index): void
    {
        if (! is_array($event) || ! is_string($name = $event['name'] ?? null)) {
            throw new Exception("The event [{$index}] has no [name], which is text.");
        }

        if (! isset(LifecycleEvents::CLASSES[$name])) {
            return;
        }

        foreach (self::TEXTS as $field => $types) {
            $isNeeded = $types === null || in_array($name, $types, true);

            if (! is_string($event[$field] ?? ($isNeeded ? null : ''))) {
                throw new Exception("The event [{$index}] of the type [{$name}] has no [{$field}], which is text.");
            }
        }

        if ($name === 'subscription_count' && ! is_int($event['subscription_count'] ?? null)) {
            throw new Exception("The event [{$index}] of the type [{$name}] has no [subscription_count], which is a number.");
        }
    }
}
