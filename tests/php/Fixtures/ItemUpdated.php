<?php

namespace Canyon\Tests\Fixtures;

use Illuminate\Broadcasting\Channel;
use Illuminate\Broadcasting\InteractsWithSockets;
use Illuminate\Broadcasting\PrivateChannel;
use Illuminate\Contracts\Broadcasting\ShouldBroadcast;

class ItemUpdated implements ShouldBroadcast
{
    use InteractsWithSockets;

    public function __construct(public string $name, public int $quantity = 1)
    {
        //
    }

    public function broadcastOn(): array
    {
        return [new Channel('items'), new PrivateChannel('stock')];
    }

    public function broadcastAs(): string
    {
        return 'item.updated';
    }

    public function broadcastWith(): array
    {
        return ['name' => $this->name, 'quantity' => $this->quantity];
    }

    public function broadcastWhen(): bool
    {
        return $this->quantity > 0;
    }
}
