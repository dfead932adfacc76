<?php

namespace Canyon\Http\Controllers;

use Canyon\Events\LifecycleDispatcher;
use Canyon\Exception;
use Canyon\Webhooks\Webhook;
use Carbon\CarbonImmutable;
use Illuminate\Contracts\Cache\Repository;
use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Http\JsonResponse;
use Illuminate\Http\Request;
use Symfony\Component\HttpFoundation\Response;
use Throwable;

class WebhookController
{
    /**
     * How many seconds old a request may be. A server repeats one for five minutes, and clocks differ.
     */
    protected const TOLERANCE = 600;

    /**
     * Create a new controller instance.
     */
    public function __construct(
        protected readonly LifecycleDispatcher $events,
        protected readonly Repository $cache,
        protected readonly ExceptionHandler $exceptions,
    ) {
        //
    }

    /**
     * Have the application's listeners hear what the server tells of.
     *
     * In order, and before the answer: the server sends the next request after it. What takes long
     * belongs into listeners that are queued.
     */
    public function __invoke(Request $request): JsonResponse
    {
        try {
            $webhook = Webhook::fromJson($request->getContent());
        } catch (Exception $e) {
            return $this->answer($e->getMessage(), Response::HTTP_BAD_REQUEST);
        }

        if (($distance = $webhook->distanceTo(CarbonImmutable::now()->getTimestamp())) >= self::TOLERANCE) {
            return $this->answer("The request was made at a time {$distance} seconds from now. Set the clocks of both machines with NTP.", Response::HTTP_UNAUTHORIZED);
        }

        if (! $this->isNew($request)) {
            return $this->answer('This request was received before.');
        }

        foreach ($webhook->events($request->attributes->get('canyon.app_id')) as $event) {
            $this->events->tell($event);
        }

        return $this->answer('Received.');
    }

    /**
     * Determine if the request is neither a repeated nor a recorded one; both have the signature of the first.
     */
    protected function isNew(Request $request): bool
    {
        try {
            return $this->cache->add('canyon:webhook:'.$request->headers->get('X-Pusher-Signature'), true, 2 * self::TOLERANCE);
        } catch (Throwable $e) {
            // Hearing of something twice is better than not at all.
            $this->exceptions->report($e);

            return true;
        }
    }

    /**
     * Answer the server, which looks at the status only.
     */
    protected function answer(string $message, int $status = Response::HTTP_OK): JsonResponse
    {
        return new JsonResponse(['message' => $message], $status);
    }
}
