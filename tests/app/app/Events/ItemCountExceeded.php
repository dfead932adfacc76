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
 * The stock of an item fell to a threshold: a warning at 10, critical at 5. Travels under a name and with data of its own choice.
 */
class ItemCountExceeded implements Journey, ShouldBroadcastNow, ShouldRescue
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
     * Get the name the event should broadcast as.
     */
    public function broadcastAs(): string
    {
        return 'stock.alert';
    }

    /**
     * Get the data to broadcast.
     *
     * @return array<string, mixed>
     */
    public function broadcastWith(): array
    {
        return [
            'level' => $this->item->level(),
            'id' => $this->item->id,
            'name' => $this->item->name,
            'stock' => $this->item->stock,
            ...$this->journeyPayload(),
        ];
    }
}
