<?php

namespace App\Http\Controllers;

use App\Models\User;
use Canyon\Api\Channel;
use Canyon\Exception;
use Canyon\Facades\Canyon;
use Illuminate\Http\RedirectResponse;
use Illuminate\View\View;

class ServerController
{
    /**
     * Show whom the server knows.
     */
    public function index(): View
    {
        try {
            return view('server', ['problem' => null, ...$this->facts()]);
        } catch (Exception $e) {
            return view('server', ['problem' => $e->getMessage()]);
        }
    }

    /**
     * Close all connections of a user.
     */
    public function terminate(User $user): RedirectResponse
    {
        Canyon::terminate($user);

        return redirect()->route('server');
    }

    /**
     * Ask the server.
     *
     * @return array<string, mixed>
     */
    private function facts(): array
    {
        $users = User::orderBy('id')->get();

        return [
            'status' => Canyon::status(),
            'channels' => Canyon::channels()->map(fn (Channel $channel) => [
                'channel' => $channel,
                'members' => $channel->isPresence()
                    ? $users->whereIn('id', Canyon::members($channel->name)->pluck('id'))->pluck('name')
                    : collect(),
            ]),
            'people' => $users->map(fn (User $user) => ['user' => $user, 'seen' => Canyon::user($user)]),
        ];
    }
}
