<?php

use App\Models\Room;
use App\Models\User;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Broadcast;

// Presence: whoever may enter is shown to the others by what this returns.
Broadcast::channel('room.{room}', fn (User $user, Room $room) => $room->hasMember($user) ? $user->card() : false);

// Private: who has read what is nobody else's business.
Broadcast::channel('room.{room}.receipts', fn (User $user, Room $room) => $room->hasMember($user));

// Private or presence, whichever a page wants: the shelves of the store, of which it may watch many at once.
Broadcast::channel('shelf.{number}', fn (User $user, string $number) => $user->card());

// Who signs in with Echo's connection can be found by the server, and disconnected: see the page "Server".
Broadcast::userRoutes(['middleware' => ['web', 'auth:window']]);
Broadcast::resolveAuthenticatedUserUsing(fn (Request $request) => $request->user('window')?->card());
