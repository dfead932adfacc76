<?php

namespace Canyon\Http\Controllers\Dashboard;

use Canyon\CanyonManager;
use Canyon\Dashboard\Settings;
use Canyon\Exception;
use Canyon\ServerUnreachable;
use Closure;
use Illuminate\Http\JsonResponse;
use Illuminate\Http\Request;
use Symfony\Component\HttpFoundation\Response;
use Symfony\Component\HttpKernel\Exception\AccessDeniedHttpException;

abstract class Controller
{
    /**
     * Create a new controller instance.
     */
    public function __construct(
        protected readonly CanyonManager $canyon,
        protected readonly Settings $settings,
    ) {
        //
    }

    /**
     * Answer with what the server says, or why it says nothing: that is no error of the application, and fills no log.
     *
     * @param  Closure(): mixed  $ask
     */
    protected function answer(Closure $ask): JsonResponse
    {
        try {
            return new JsonResponse($ask());
        } catch (Exception $e) {
            return new JsonResponse(
                ['message' => $e->getMessage(), 'unreachable' => $e instanceof ServerUnreachable],
                Response::HTTP_SERVICE_UNAVAILABLE,
            );
        }
    }

    /**
     * Get a text that was sent; what is none counts as empty.
     */
    protected function text(Request $request, string $name): string
    {
        $value = $request->input($name);

        return is_scalar($value) ? trim((string) $value) : '';
    }

    /**
     * Refuse what could be done, but was not well said.
     *
     * @param  array<string, string>  $errors
     */
    protected function invalid(array $errors): JsonResponse
    {
        return new JsonResponse(['message' => reset($errors), 'errors' => $errors], Response::HTTP_UNPROCESSABLE_ENTITY);
    }

    /**
     * Ensure that a part of the dashboard is on.
     */
    protected function ensureAllows(string $feature): void
    {
        if (! $this->settings->allows($feature)) {
            throw new AccessDeniedHttpException('This is switched off here. CANYON_DASHBOARD_'.strtoupper($feature).'=true switches it on.');
        }
    }
}
