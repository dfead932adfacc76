<?php

namespace Canyon\Events;

use Carbon\CarbonImmutable;

/**
 * The number of subscriptions of a channel has changed; told if [app.subscription_counts] is on.
 */
final readonly class SubscriptionCount implements LifecycleEvent
{
    /**
     * Create a new event instance.
     */
    public function __construct(
        public string $appId,
        public string $channel,
        public int $count,
        public CarbonImmutable $occurredAt,
    ) {
        //
    }
}
