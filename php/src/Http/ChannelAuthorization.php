<?php

namespace Canyon\Http;

use Closure;
use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Http\Request;
use Illuminate\Routing\Router;
use stdClass;
use Symfony\Component\HttpFoundation\Response;
use Throwable;

/**
 * What the route that authorizes one channel would answer, as a value.
 */
final class ChannelAuthorization
{
    /**
     * Create a new instance.
     */
    public function __construct(private readonly ExceptionHandler $exceptions)
    {
        //
    }

    /**
     * Get the signature, or the status and the reason of a refusal.
     *
     * @param  Closure(): mixed  $authorize
     */
    public function answer(Request $request, Closure $authorize): stdClass
    {
        try {
            $response = Router::toResponse($request, $authorize());
        } catch (Throwable $e) {
            $this->exceptions->report($e);

            $response = $this->exceptions->render($request, $e);
        }

        $status = $response->getStatusCode();
        $content = json_decode((string) $response->getContent());

        if ($status === Response::HTTP_OK && $content instanceof stdClass) {
            return $content;
        }

        return (object) [
            'status' => $status,
            'message' => ($content->message ?? '') ?: (Response::$statusTexts[$status] ?? ''),
        ];
    }
}
