<?php

use Illuminate\Foundation\Application;
use Illuminate\Foundation\Configuration\Exceptions;
use Illuminate\Foundation\Configuration\Middleware;
use Illuminate\Http\Request;

/*
|--------------------------------------------------------------------------
| A Home Outside The Source Tree
|--------------------------------------------------------------------------
|
| Everything the application writes (database, sessions, compiled views, logs
| and Laravel's own manifests) belongs in a directory that can be thrown away.
|
*/

$home = getenv('CANYON_DEMO_HOME') ?: sys_get_temp_dir().'/canyon-demo-'.get_current_user();

foreach (['storage/framework/cache/data', 'storage/framework/sessions', 'storage/framework/views', 'storage/logs', 'cache'] as $directory) {
    if (! is_dir("{$home}/{$directory}")) {
        mkdir("{$home}/{$directory}", 0700, recursive: true);
    }
}

foreach (['services', 'packages', 'config', 'routes', 'events'] as $manifest) {
    $_ENV['APP_'.strtoupper($manifest).'_CACHE'] ??= "{$home}/cache/{$manifest}.php";
}

return Application::configure(basePath: dirname(__DIR__))
    ->withRouting(web: __DIR__.'/../routes/web.php', health: '/up')
    // Channel authorisation sees the user of the *window*, not of the browser: see config/auth.php.
    ->withBroadcasting(__DIR__.'/../routes/channels.php', ['middleware' => ['web', 'auth:window']])
    ->withEvents(discover: false)
    ->withMiddleware(function (Middleware $middleware): void {
        $middleware->redirectGuestsTo('/chat');
    })
    ->withExceptions(function (Exceptions $exceptions): void {
        // pusher-js does not send `Accept: application/json`; a redirect to a page would look like a broken answer to it.
        $exceptions->shouldRenderJsonWhen(
            fn (Request $request) => $request->is('broadcasting/*') || $request->expectsJson()
        );
    })
    ->create()
    ->useStoragePath("{$home}/storage");
