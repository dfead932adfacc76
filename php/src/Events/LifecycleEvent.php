<?php

namespace Canyon\Events;

use Carbon\CarbonImmutable;

/**
 * Something happened on a channel. A listener of this interface gets the events of every kind.
 *
 * @property-read string $appId
 * @property-read string $channel
 * @property-read CarbonImmutable $occurredAt
 */
interface LifecycleEvent
{
    //
}
