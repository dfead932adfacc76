<?php

namespace Canyon\Tests\Fixtures\Listeners;

use Canyon\Events\ChannelOccupied;
use RuntimeException;

class FailOccupied
{
    public function subscribe(): array
    {
        return [ChannelOccupied::class => 'handle'];
    }

    public function handle(ChannelOccupied $event): void
    {
        throw new RuntimeException("Nothing can be done about [{$event->channel}].");
    }
}
