<?php

namespace App\Events;

use Illuminate\Broadcasting\Channel;
use Illuminate\Contracts\Broadcasting\ShouldBroadcastNow;
use Illuminate\Contracts\Broadcasting\ShouldRescue;

/**
 * Says how long broadcast() took for an event that is already on its way.
 */
class JourneyMeasured implements ShouldBroadcastNow, ShouldRescue
{
    public function __construct(public string $id, public float $micros) {}

    /**
     * Get the channels the event should broadcast on.
     */
    public function broadcastOn(): Channel
    {
        return new Channel('journeys');
    }
}
