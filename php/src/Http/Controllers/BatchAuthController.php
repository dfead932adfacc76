<?php

namespace Canyon\Http\Controllers;

use Canyon\Http\ChannelAuthorization;
use Canyon\Http\Routes;
use Illuminate\Broadcasting\BroadcastManager;
use Illuminate\Contracts\Config\Repository;
use Illuminate\Http\JsonResponse;
use Illuminate\Http\Request;
use Symfony\Component\HttpKernel\Exception\UnprocessableEntityHttpException;

class BatchAuthController
{
    /**
     * Create a new controller instance.
     */
    public function __construct(
        protected readonly BroadcastManager $broadcasting,
        protected readonly ChannelAuthorization $authorization,
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
                fn (string $channel) => $this->authorization->answer(
                    $request->replace(['channel_name' => $channel] + $input), fn () => $this->broadcasting->auth($request),
                ),
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
}
