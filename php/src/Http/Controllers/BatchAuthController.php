<?php

namespace Canyon\Http\Controllers;

use Canyon\Http\Routes;
use Illuminate\Broadcasting\BroadcastManager;
use Illuminate\Contracts\Config\Repository;
use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Http\JsonResponse;
use Illuminate\Http\Request;
use Illuminate\Routing\Router;
use stdClass;
use Symfony\Component\HttpFoundation\Response;
use Symfony\Component\HttpKernel\Exception\UnprocessableEntityHttpException;
use Throwable;

class BatchAuthController
{
    /**
     * Create a new controller instance.
     */
    public function __construct(
        protected readonly BroadcastManager $broadcasting,
        protected readonly ExceptionHandler $exceptions,
        protected readonly Repository $config,
    ) {
        //
    }

    /**
     * Authenticate the request for access to several channels, each as if it was asked for alone.
     */
    public function __invoke(Request $request): JsonResponse
    {
        if ($request->hasSession()) {
            $request->session()->reflash();
        }

        $channels = $this->channels($request);
        $input = $request->input();

        // Refusals are told in JSON, whatever the client would like to have.
        $request->headers->set('Accept', 'application/json');

        try {
            $answers = array_map(
                fn (string $channel) => $this->authorize($request->replace(['channel_name' => $channel] + $input)),
                array_combine($channels, $channels),
            );
        } finally {
            $request->replace($input);
        }

        return new JsonResponse(['channels' => (object) $answers]);
    }

    /**
     * Get the names of the channels.
     *
     * @return list<string>
     */
    protected function channels(Request $request): array
    {
        $channels = $request->input('channel_name');
        $most = Routes::batchSize($this->config);

        if (! is_array($channels) || $channels === [] || array_filter($channels, is_string(...)) !== $channels) {
            throw new UnprocessableEntityHttpException('The [channel_name] of a batch must be a list of the names of channels.');
        }

        if (count($channels) > $most) {
            throw new UnprocessableEntityHttpException("A batch has at most {$most} channels, and this one has ".count($channels).'. Ask in several requests, or raise CANYON_AUTH_BATCH_SIZE.');
        }

        return array_values(array_unique($channels));
    }

    /**
     * Get what the route for one channel would answer: the signature, or the status and the reason of a refusal.
     */
    protected function authorize(Request $request): stdClass
    {
        try {
            $response = Router::toResponse($request, $this->broadcasting->auth($request));
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
