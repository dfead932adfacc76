<?php

namespace Canyon\Http\Controllers\Dashboard;

use Canyon\Broadcasting\ReservedChannels;
use Canyon\Credentials;
use Canyon\Signer;
use Illuminate\Http\JsonResponse;
use Illuminate\Http\Request;
use Symfony\Component\HttpKernel\Exception\AccessDeniedHttpException;

class AuthController extends Controller
{
    /**
     * Sign a subscription to the channels of the dashboard: who gets here has passed the gate.
     */
    public function __invoke(Request $request): JsonResponse
    {
        $socketId = $request->input('socket_id');
        $channel = $request->input('channel_name');

        // Colons separate the parts of what is signed.
        if (! is_string($socketId) || preg_match('/\A\d+\.\d+\z/', $socketId) !== 1) {
            return $this->invalid(['socket_id' => 'The socket ID is invalid.']);
        }

        match ($channel) {
            ReservedChannels::DASHBOARD => null,
            ReservedChannels::PAYLOADS => $this->ensureAllows('payloads'),
            default => throw new AccessDeniedHttpException('This is no channel of the dashboard.'),
        };

        return $this->answer(function () use ($socketId, $channel) {
            $config = $this->canyon->configuration($this->canyon->getDefaultConnection());

            return ['auth' => (new Signer(new Credentials($config['app'] ?? [])))->channel($socketId, $channel)];
        });
    }
}
