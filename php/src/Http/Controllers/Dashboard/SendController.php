<?php

namespace Canyon\Http\Controllers\Dashboard;

use Canyon\Broadcasting\ReservedChannels;
use Canyon\Dashboard\EventSender;
use Canyon\Exception;
use Illuminate\Http\JsonResponse;
use Illuminate\Http\Request;

class SendController extends Controller
{
    /**
     * Send an event to a channel.
     */
    public function __invoke(Request $request, EventSender $sender): JsonResponse
    {
        $this->ensureAllows('sender');

        $channel = $this->text($request, 'channel');
        $event = $this->text($request, 'event');
        $data = $this->text($request, 'data');

        if ($errors = $this->mistakes($channel, $event, $data)) {
            return $this->invalid($errors);
        }

        try {
            $sender->send($channel, $event, $data);
        } catch (Exception $e) {
            return $this->invalid(['channel' => $e->getMessage()]);
        }

        return new JsonResponse(['sent' => true, 'subscriptions' => $this->subscriptions($channel)]);
    }

    /**
     * Get what is wrong, by field.
     *
     * @return array<string, string>
     */
    protected function mistakes(string $channel, string $event, string $data): array
    {
        json_decode($data);

        return array_filter([
            'channel' => match (true) {
                preg_match('/\A[-a-zA-Z0-9_=@,.;]+\z/', $channel) !== 1 => 'The name of a channel has letters, digits and -_=@,.; only, and at least one of them.',
                ReservedChannels::include($channel) => 'This channel belongs to the dashboard.',
                default => null,
            },
            'event' => $event === '' ? 'An event has a name.' : null,
            'data' => json_last_error() === JSON_ERROR_NONE ? null : 'The data is not JSON: '.lcfirst(json_last_error_msg()).'.',
        ]);
    }

    /**
     * Count the subscriptions that the event went to, if the server tells.
     */
    protected function subscriptions(string $channel): ?int
    {
        try {
            return $this->canyon->connection()->channel($channel)->subscriptionCount;
        } catch (Exception) {
            return null;
        }
    }
}
