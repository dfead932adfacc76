<?php

namespace Canyon\Dashboard;

use Closure;
use Illuminate\Contracts\Auth\Access\Gate;
use Illuminate\Contracts\Foundation\Application;
use Illuminate\Http\Request;

/**
 * Who may look at the dashboard.
 */
final class Gatekeeper
{
    /**
     * What decides instead of the gate, for all requests of this process.
     *
     * @var (Closure(Request): bool)|null
     */
    private static ?Closure $callback = null;

    /**
     * Create a new gatekeeper.
     */
    public function __construct(private readonly Application $app, private readonly Gate $gate)
    {
        //
    }

    /**
     * Have a callback decide, or the gate again.
     *
     * @param  (Closure(Request): bool)|null  $callback
     */
    public static function using(?Closure $callback): void
    {
        self::$callback = $callback;
    }

    /**
     * Determine if whoever makes the request may look.
     */
    public function allows(Request $request): bool
    {
        if (self::$callback !== null) {
            return (self::$callback)($request);
        }

        return $this->app->environment('local') || $this->gate->forUser($request->user())->check('viewCanyon');
    }
}
