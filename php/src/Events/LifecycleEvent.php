<?php

namespace Canyon\Events;

/**
 * Something happened on a channel. A listener of this interface gets the events of every kind.
 *
 * @property-read string $appId
 * @property-read string $channel
 * @property-read \Carbon\CarbonImmutable $occurredAt
 */
interface LifecycleEvent
{
    //
}
