<?php

namespace Canyon\Events;

use Carbon\CarbonImmutable;
use Psr\Log\LoggerInterface;

final class LifecycleEvents
{
    /**
     * The classes of the events, by the types that the server has for them.
     */
    public const CLASSES = [
        'channel_occupied' => ChannelOccupied::class,
        'channel_vacated' => ChannelVacated::class,
        'member_added' => MemberAdded::class,
        'member_removed' => MemberRemoved::class,
        'client_event' => ClientEvent::class,
        'cache_miss' => CacheMiss::class,
        'subscription_count' => SubscriptionCount::class,
    ];

    /**
     * The unknown types of events that the log tells of already.
     *
     * @var array<string, true>
     */
    private array $unknown = [];

    /**
     * Create a new factory of life-cycle events.
     */
    public function __construct(private readonly LoggerInterface $log)
    {
        //
    }

    /**
     * Create the event that Canyon\Server::poll() tells of, unless this version of the package does not know its type.
     *
     * @param  array{type: string, app: string, channel?: string, user_id?: string, event?: string, data?: string, socket_id?: string, count?: int, time_ms: int}  $event
     */
    public function fromArray(array $event): ?LifecycleEvent
    {
        if (! $class = self::CLASSES[$event['type']] ?? null) {
            return $this->ignore($event['type']);
        }

        return new $class(
            ...$this->details($event),
            appId: $event['app'],
            channel: $event['channel'],
            occurredAt: CarbonImmutable::createFromTimestampMs($event['time_ms'], date_default_timezone_get()),
        );
    }

    /**
     * Get what events of this type tell besides where and when.
     *
     * @param  array<string, mixed>  $event
     * @return array<string, mixed>
     */
    private function details(array $event): array
    {
        return match ($event['type']) {
            'member_added', 'member_removed' => ['userId' => $event['user_id']],
            'client_event' => [
                'event' => $event['event'],
                'data' => $event['data'],
                'socketId' => $event['socket_id'],
                'userId' => $event['user_id'] ?? null,
            ],
            'subscription_count' => ['count' => $event['count']],
            default => [],
        };
    }

    /**
     * Write to the log, once, that events of the type are ignored.
     */
    private function ignore(string $type): null
    {
        if (! isset($this->unknown[$type])) {
            $this->unknown[$type] = true;

            $this->log->notice("The Canyon server tells of events of the type [{$type}], which this version of the package does not know and ignores. Update canyon/laravel to listen for them.");
        }

        return null;
    }
}
