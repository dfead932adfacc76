<?php

namespace Canyon\Events;

use Carbon\CarbonImmutable;
use Psr\Log\LoggerInterface;

final class LifecycleEvents
{
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
        $about = static fn () => [
            'appId' => $event['app'],
            'channel' => $event['channel'],
            'occurredAt' => CarbonImmutable::createFromTimestampMs($event['time_ms'], date_default_timezone_get()),
        ];

        return match ($event['type']) {
            'channel_occupied' => new ChannelOccupied(...$about()),
            'channel_vacated' => new ChannelVacated(...$about()),
            'member_added' => new MemberAdded(...$about(), userId: $event['user_id']),
            'member_removed' => new MemberRemoved(...$about(), userId: $event['user_id']),
            'client_event' => new ClientEvent(
                ...$about(),
                event: $event['event'],
                data: $event['data'],
                socketId: $event['socket_id'],
                userId: $event['user_id'] ?? null,
            ),
            'cache_miss' => new CacheMiss(...$about()),
            'subscription_count' => new SubscriptionCount(...$about(), count: $event['count']),
            default => $this->ignore($event['type']),
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
