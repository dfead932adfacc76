<?php

namespace Canyon\Http\Middleware;

use Canyon\Webhooks\Apps;
use Closure;
use Illuminate\Http\JsonResponse;
use Illuminate\Http\Request;
use Symfony\Component\HttpFoundation\Response;

class VerifyWebhookSignature
{
    /**
     * Create a new middleware instance.
     */
    public function __construct(protected readonly Apps $apps)
    {
        //
    }

    /**
     * Handle the incoming request: only a server that knows the secret of the app gets through.
     *
     * @param  Closure(Request): Response  $next
     */
    public function handle(Request $request, Closure $next): Response
    {
        $credentials = $this->apps->find((string) $request->headers->get('X-Pusher-Key'));

        if ($credentials === null) {
            return $this->refuse('The header X-Pusher-Key does not hold the key of an app of this application. Compare CANYON_APP_KEY with the settings of the server.');
        }

        $expected = hash_hmac('sha256', $request->getContent(), $credentials->secret());

        if (! hash_equals($expected, (string) $request->headers->get('X-Pusher-Signature'))) {
            return $this->refuse('The header X-Pusher-Signature is not a signature of this request. Compare CANYON_APP_SECRET with the settings of the server.');
        }

        $request->attributes->set('canyon.app_id', $credentials->id());

        return $next($request);
    }

    /**
     * Refuse a request.
     */
    protected function refuse(string $why): JsonResponse
    {
        return new JsonResponse(['message' => $why], Response::HTTP_UNAUTHORIZED);
    }
}
