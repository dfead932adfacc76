<?php

namespace Canyon\Tests\Support;

use Illuminate\Broadcasting\BroadcastManager;
use Illuminate\Container\Container;
use Illuminate\Contracts\Http\Kernel;
use Illuminate\Foundation\Application;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Facade;
use Symfony\Component\HttpFoundation\Response;

/**
 * Handles requests one after the other with one booted application, each in a clone of it, as Laravel Octane does.
 */
final class OctaneWorker
{
    public function __construct(private readonly Application $app)
    {
        foreach (['auth', 'cache', 'config', 'cookie', 'encrypter', 'files', 'log', 'router', 'session', 'url', 'view', Kernel::class] as $service) {
            $app->make($service);
        }
    }

    /**
     * @param  array<string, mixed>  $parameters
     */
    public function handle(string $method, string $uri, array $parameters = [], array $server = [], ?string $content = null): Response
    {
        $sandbox = clone $this->app;
        $this->use($sandbox);

        $sandbox->instance('config', clone $this->app->make('config'));
        $sandbox->make('auth')->setApplication($sandbox)->forgetGuards();
        $sandbox->make('router')->setContainer($sandbox);
        $sandbox->make(Kernel::class)->setApplication($sandbox);

        if ($sandbox->resolved(BroadcastManager::class)) {
            $sandbox->make(BroadcastManager::class)->setApplication($sandbox);
        }

        $request = Request::create($uri, $method, $parameters, server: $server, content: $content);

        try {
            $response = $sandbox->make(Kernel::class)->handle($request);
            $sandbox->make(Kernel::class)->terminate($request, $response);
            $request->route()?->flushController();

            return $response;
        } finally {
            $this->app->forgetScopedInstances();
            $sandbox->flush();
            $this->use($this->app);
        }
    }

    private function use(Application $app): void
    {
        $app->instance('app', $app);
        $app->instance(Container::class, $app);
        Container::setInstance($app);
        Facade::clearResolvedInstances();
        Facade::setFacadeApplication($app);
    }
}
