<?php

namespace Canyon\Tests\Fixtures;

use Illuminate\Broadcasting\Channel;
use Illuminate\Broadcasting\InteractsWithBroadcasting;
use Illuminate\Broadcasting\InteractsWithSockets;
use Illuminate\Contracts\Broadcasting\ShouldBroadcastNow;

class OrderShipped implements ShouldBroadcastNow
{
    use InteractsWithBroadcasting, InteractsWithSockets;

    public function __construct(public int $order)
    {
        //
    }

    public function broadcastOn(): Channel|array
    {
        return new Channel('orders');
    }
}
