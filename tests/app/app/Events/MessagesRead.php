<?php

namespace App\Events;

use App\Broadcasting\Journey;
use App\Broadcasting\Travels;
use App\Models\Room;
use App\Models\User;
use Illuminate\Broadcasting\InteractsWithSockets;
use Illuminate\Broadcasting\PrivateChannel;
use Illuminate\Contracts\Broadcasting\ShouldRescue;
use Illuminate\Queue\SerializesModels;

/**
 * Somebody has read a room up to a message.
 *
 * A plain ShouldBroadcast, which Canyon sends at once all the same, without Laravel's queue.
 */
class MessagesRead implements Journey, ShouldRescue
{
    use InteractsWithSockets, SerializesModels, Travels;

    public function __construct(public Room $room, public User $reader, public int $upTo) {}

    /**
     * Get the channels the event should broadcast on.
     */
    public function broadcastOn(): PrivateChannel
    {
        return new PrivateChannel("room.{$this->room->slug}.receipts");
    }

    /**
     * Get the data to broadcast.
     *
     * @return array<string, mixed>
     */
    public function broadcastWith(): array
    {
        return ['user_id' => $this->reader->id, 'up_to' => $this->upTo, ...$this->journeyPayload()];
    }
}
