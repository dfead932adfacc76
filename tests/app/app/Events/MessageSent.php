<?php

namespace App\Events;

use App\Broadcasting\Journey;
use App\Broadcasting\Travels;
use App\Models\Message;
use App\Models\Room;
use Illuminate\Broadcasting\InteractsWithSockets;
use Illuminate\Broadcasting\PresenceChannel;
use Illuminate\Contracts\Broadcasting\ShouldBroadcastNow;
use Illuminate\Contracts\Broadcasting\ShouldRescue;

/**
 * Somebody said something. The window that sent it has drawn it already, so it goes to the others.
 */
class MessageSent implements Journey, ShouldBroadcastNow, ShouldRescue
{
    use InteractsWithSockets, Travels;

    public function __construct(public Room $room, public Message $message) {}

    /**
     * Get the channels the event should broadcast on.
     */
    public function broadcastOn(): PresenceChannel
    {
        return new PresenceChannel('room.'.$this->room->slug);
    }

    /**
     * Get the data to broadcast.
     *
     * @return array<string, mixed>
     */
    public function broadcastWith(): array
    {
        return ['message' => $this->message->line(), ...$this->journeyPayload()];
    }
}
