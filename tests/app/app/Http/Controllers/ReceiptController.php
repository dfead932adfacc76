<?php

namespace App\Http\Controllers;

use App\Broadcasting\Courier;
use App\Events\MessagesRead;
use App\Models\Room;
use Illuminate\Http\Request;
use Illuminate\Http\Response;
use Illuminate\Support\Facades\DB;

class ReceiptController
{
    /**
     * Note that the user has read the room up to a message, and tell the others if that is news.
     */
    public function __invoke(Request $request, Room $room, Courier $courier): Response
    {
        abort_unless($room->hasMember($request->user()), 403);

        $upTo = (int) $request->validate(['up_to' => ['required', 'integer', 'min:1']])['up_to'];

        $moved = DB::table('room_user')
            ->where(['room_id' => $room->id, 'user_id' => $request->user()->id])
            ->where('last_read_id', '<', $upTo)
            ->update(['last_read_id' => $upTo]);

        if ($moved > 0) {
            $courier->send(new MessagesRead($room, $request->user(), $upTo), toOthers: true);
        }

        return response()->noContent();
    }
}
