<?php

namespace App\Http\Controllers;

use App\Models\Room;
use App\Models\User;
use Illuminate\Http\JsonResponse;
use Illuminate\Http\Request;
use Illuminate\View\View;

class ChatController
{
    /**
     * Show the chat.
     */
    public function index(): View
    {
        return view('chat', ['users' => User::orderBy('id')->get(), 'rooms' => Room::orderBy('id')->get()]);
    }

    /**
     * Hand the token of a demo user to the window that asks. No password: this is a demonstration.
     */
    public function signIn(Request $request): JsonResponse
    {
        $user = User::findOrFail($request->integer('user'));

        return response()->json(['user' => $user->card(), 'token' => $user->api_token]);
    }
}
