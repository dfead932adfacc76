<?php

namespace Canyon\Tests\Fixtures;

use Illuminate\Broadcasting\Channel;
use Illuminate\Broadcasting\EncryptedPrivateChannel;
use Illuminate\Contracts\Broadcasting\ShouldBroadcast;

class OrderPaid implements ShouldBroadcast
{
    public function __construct(public string $amount, private readonly string $owner)
    {
        //
    }

    public function broadcastOn(): array
    {
        return [new Channel('lobby'), new EncryptedPrivateChannel("orders.{$this->owner}")];
    }
}
