<?php

namespace App\Http\Controllers;

use App\Broadcasting\Courier;
use App\Events\MessageSent;
use App\Models\Room;
use Illuminate\Http\JsonResponse;
use Illuminate\Http\Request;

class MessageController
{
    /**
     * List the latest messages of a room and how far everybody has read.
     */
    public function index(Request $request, Room $room): JsonResponse
    {
        abort_unless($room->hasMember($request->user()), 403);

        return response()->json([
            'messages' => $room->messages()->with('user')->latest('id')->limit(50)->get()->reverse()->values()->map->line(),
            'receipts' => $room->members->map(fn ($user) => [...$user->card(), 'up_to' => $user->pivot->last_read_id]),
        ]);
    }

    /**
     * Say something in a room.
     */
    public function store(Request $request, Room $room, Courier $courier): JsonResponse
    {
        abort_unless($room->hasMember($request->user()), 403);

        $body = $request->validate(['body' => ['required', 'string', 'max:500']])['body'];

        $message = $room->messages()->create(['user_id' => $request->user()->id, 'body' => $body])
            ->setRelation('user', $request->user());

        $journey = $courier->send(new MessageSent($room, $message), toOthers: true);

        return response()->json([...$message->line(), 'journey' => $journey], 201);
    }
}
