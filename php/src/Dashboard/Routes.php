<?php

namespace Canyon\Dashboard;

use Canyon\Http\Controllers\Dashboard\AssetController;
use Canyon\Http\Controllers\Dashboard\AuthController;
use Canyon\Http\Controllers\Dashboard\ChannelController;
use Canyon\Http\Controllers\Dashboard\DebuggerController;
use Canyon\Http\Controllers\Dashboard\PageController;
use Canyon\Http\Controllers\Dashboard\SendController;
use Canyon\Http\Controllers\Dashboard\ServerController;
use Canyon\Http\Middleware\AuthorizeDashboard;
use Illuminate\Routing\Router;

/**
 * The routes of the dashboard.
 */
final class Routes
{
    /**
     * The views that have a URL of their own, besides the overview.
     */
    private const VIEWS = 'channels|events|refusals|send|debugger';

    /**
     * Register the routes, unless there is no dashboard.
     */
    public static function register(Router $router, Settings $settings): void
    {
        if (! $settings->isEnabled()) {
            return;
        }

        $common = array_filter(['domain' => $settings->domain(), 'prefix' => $settings->path(), 'as' => 'canyon.dashboard.']);

        // There is nothing secret in these, and no session is needed.
        $router->group($common, static fn (Router $router) => $router->get('assets/{version}/{file}', AssetController::class)->name('asset'));

        $router->group([...$common, 'middleware' => [...$settings->middleware(), AuthorizeDashboard::class]], static function (Router $router) {
            $router->get('/', PageController::class)->name('overview');
            $router->get('{view}', PageController::class)->where('view', self::VIEWS)->name('view');

            $router->group(['prefix' => 'api'], self::registerApi(...));
        });
    }

    /**
     * Register what the page asks for.
     */
    private static function registerApi(Router $router): void
    {
        $router->get('history', [ServerController::class, 'history'])->name('history');
        $router->get('top', [ServerController::class, 'top'])->name('top');
        $router->get('channels', [ChannelController::class, 'index'])->name('channels');
        $router->get('channels/{channel}', [ChannelController::class, 'show'])->name('channel');
        $router->post('auth', AuthController::class)->name('auth');
        $router->post('send', SendController::class)->name('send');
        $router->get('debugger/user', [DebuggerController::class, 'user'])->name('debugger.user');
        $router->post('debugger/auth', [DebuggerController::class, 'authorize'])->name('debugger.auth');
    }
}
