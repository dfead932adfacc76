<?php

namespace Canyon\Events;

use Closure;
use Illuminate\Container\Container;
use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Contracts\Events\Dispatcher;
use Illuminate\Support\Defer\DeferredCallback;
use Illuminate\Support\Defer\DeferredCallbackCollection;
use Illuminate\Support\Facades\Facade;
use Throwable;

/**
 * Hands the life-cycle events of the server to the application's listeners.
 */
final class LifecycleDispatcher
{
    /**
     * Create a new dispatcher instance.
     */
    public function __construct(
        private readonly Container $container,
        private readonly LifecycleEvents $events,
    ) {
        //
    }

    /**
     * Dispatch an event that Canyon\Server::poll() tells of; nothing its listeners throw gets out of here.
     *
     * Each event is to the application what a job is to a queue worker: what was put off until its
     * end is done then, and what is to live no longer than that does not.
     *
     * @param  array<string, mixed>  $event
     */
    public function dispatch(array $event): void
    {
        $succeeded = $this->tell($event);

        $this->attempt(fn () => $this->container->make(DeferredCallbackCollection::class)->invokeWhen(
            static fn (DeferredCallback $callback) => $succeeded || $callback->always,
        ));

        $this->container->forgetScopedInstances();

        Facade::clearResolvedInstances();
    }

    /**
     * Tell the listeners of an event, and determine if they heard it without an exception, which is reported otherwise.
     *
     * @param  array<string, mixed>  $event
     */
    public function tell(array $event): bool
    {
        return $this->attempt(function () use ($event) {
            if ($event = $this->events->fromArray($event)) {
                $this->container->make(Dispatcher::class)->dispatch($event);
            }
        });
    }

    /**
     * Determine if the step was taken without an exception, which is reported otherwise.
     *
     * @param  Closure(): mixed  $step
     */
    private function attempt(Closure $step): bool
    {
        try {
            $step();

            return true;
        } catch (Throwable $e) {
            $this->report($e);

            return false;
        }
    }

    /**
     * Report an exception, in the log of PHP if the application cannot do it.
     */
    private function report(Throwable $e): void
    {
        try {
            $this->container->make(ExceptionHandler::class)->report($e);
        } catch (Throwable $failure) {
            error_log("Canyon could not report an exception ({$failure->getMessage()}): {$e}");
        }
    }
}
