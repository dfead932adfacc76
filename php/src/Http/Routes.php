<?php

namespace Canyon\Http;

use Canyon\Dashboard\Routes as DashboardRoutes;
use Canyon\Dashboard\Settings;
use Canyon\Http\Controllers\BatchAuthController;
use Canyon\Http\Controllers\WebhookController;
use Canyon\Http\Middleware\VerifyWebhookSignature;
use Canyon\Options;
use Canyon\Webhooks\WebhookRoute;
use Illuminate\Broadcasting\BroadcastController;
use Illuminate\Contracts\Config\Repository;
use Illuminate\Contracts\Foundation\Application;
use Illuminate\Contracts\Foundation\CachesRoutes;
use Illuminate\Routing\Route;
use Illuminate\Routing\Router;

/**
 * The routes of the package.
 */
final class Routes
{
    /**
     * Register the routes, unless they are cached.
     */
    public static function register(Application $app): void
    {
        if ($app instanceof CachesRoutes && $app->routesAreCached()) {
            return;
        }

        $router = $app->make(Router::class);

        if ($path = $app->make(WebhookRoute::class)->path()) {
            $router->post($path, WebhookController::class)->middleware(VerifyWebhookSignature::class)->name('canyon.webhooks');
        }

        DashboardRoutes::register($router, $app->make(Settings::class));

        // Those of Broadcast::routes() are not there before.
        $app->booted(static function () use ($app, $router) {
            if (self::batchSize($app->make(Repository::class)) > 0) {
                self::registerBatchRoutes($router);
            }
        });
    }

    /**
     * Get how many channels a request may ask for.
     */
    public static function batchSize(Repository $config): int
    {
        return (new Options('', (array) $config->get('canyon')))->only(['auth_batch_size' => 'number'])['auth_batch_size'] ?? 0;
    }

    /**
     * Put a route for batches beside each route that authorizes channels, with the same middleware.
     */
    private static function registerBatchRoutes(Router $router): void
    {
        $single = array_filter($router->getRoutes()->getRoutes(), static fn (Route $route) => (
            ltrim($route->getActionName(), '\\') === BroadcastController::class.'@authenticate'
        ));

        foreach ($single as $route) {
            $batch = $router->post($route->uri().'/batch', BatchAuthController::class)
                ->middleware($route->getAction('middleware') ?? [])
                ->withoutMiddleware($route->getAction('excluded_middleware') ?? [])
                ->setWheres($route->wheres);

            if ($domain = $route->getDomain()) {
                $batch->domain($domain);
            }
        }
    }
}
