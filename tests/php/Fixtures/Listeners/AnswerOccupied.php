<?php

namespace Canyon\Tests\Fixtures\Listeners;

use Canyon\Events\ChannelOccupied;
use Canyon\Tests\Fixtures\OrderShipped;

/**
 * Broadcasts to whoever has come to a channel.
 */
class AnswerOccupied
{
    public function subscribe(): array
    {
        return [ChannelOccupied::class => 'handle'];
    }

    public function handle(): void
    {
        broadcast(new OrderShipped(1));
        broadcast(new OrderShipped(2));
    }
}
