<?php

use App\Models\Room;
use App\Models\User;
use Illuminate\Support\Facades\Broadcast;

// Presence: whoever may enter is shown to the others by what this returns.
Broadcast::channel('room.{room}', fn (User $user, Room $room) => $room->hasMember($user) ? $user->card() : false);

// Private: who has read what is nobody else's business.
Broadcast::channel('room.{room}.receipts', fn (User $user, Room $room) => $room->hasMember($user));
