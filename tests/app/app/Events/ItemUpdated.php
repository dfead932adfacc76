<?php

namespace App\Events;

use App\Broadcasting\Journey;
use App\Broadcasting\Travels;
use App\Models\Item;
use Illuminate\Broadcasting\Channel;
use Illuminate\Broadcasting\InteractsWithSockets;
use Illuminate\Contracts\Broadcasting\ShouldBroadcastNow;
use Illuminate\Contracts\Broadcasting\ShouldRescue;

/**
 * An item has a new name or another stock. Public: every open page draws it.
 */
class ItemUpdated implements Journey, ShouldBroadcastNow, ShouldRescue
{
    use InteractsWithSockets, Travels;

    public function __construct(public Item $item) {}

    /**
     * Get the channels the event should broadcast on.
     */
    public function broadcastOn(): Channel
    {
        return new Channel('inventory');
    }

    /**
     * Get the data to broadcast.
     *
     * @return array<string, mixed>
     */
    public function broadcastWith(): array
    {
        return ['item' => $this->item->row(), ...$this->journeyPayload()];
    }
}
