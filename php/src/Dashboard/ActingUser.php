<?php

namespace Canyon\Dashboard;

use Closure;
use Illuminate\Auth\AuthManager;
use Illuminate\Contracts\Auth\Authenticatable;
use Illuminate\Contracts\Config\Repository;
use Illuminate\Http\Request;

/**
 * Lets a request be, for a moment, one that a chosen user has made.
 */
final class ActingUser
{
    /**
     * Create a new instance.
     */
    public function __construct(private readonly AuthManager $auth, private readonly Repository $config)
    {
        //
    }

    /**
     * Get the guards whose users can be found by their IDs, the default one first.
     *
     * @return list<string>
     */
    public function guards(): array
    {
        $default = $this->auth->getDefaultDriver();
        $guards = array_keys(array_filter((array) $this->config->get('auth.guards'), static fn (mixed $guard) => isset($guard['provider'])));

        return array_values(array_unique(in_array($default, $guards, true) ? [$default, ...$guards] : $guards));
    }

    /**
     * Find a user of a guard.
     */
    public function find(string $guard, string $id): ?Authenticatable
    {
        return in_array($guard, $this->guards(), true)
            ? $this->auth->createUserProvider($this->config->get("auth.guards.{$guard}.provider"))?->retrieveById($id)
            : null;
    }

    /**
     * Do something while the request is one of the user, for whoever asks the request, the guard or a gate.
     *
     * @template TResult
     *
     * @param  Closure(): TResult  $callback
     * @return TResult
     */
    public function during(Request $request, string $guard, ?Authenticatable $user, Closure $callback): mixed
    {
        $resolver = $request->getUserResolver();
        $request->setUserResolver(static fn (?string $name = null) => $name === null || $name === $guard ? $user : null);

        try {
            return $user === null ? $callback() : $this->duringLogin($guard, $user, $callback);
        } finally {
            $request->setUserResolver($resolver);
        }
    }

    /**
     * Do something while the guard, which is the default one then, has the user.
     *
     * @template TResult
     *
     * @param  Closure(): TResult  $callback
     * @return TResult
     */
    private function duringLogin(string $name, Authenticatable $user, Closure $callback): mixed
    {
        $default = $this->auth->getDefaultDriver();
        $guard = $this->auth->guard($name);
        $before = $guard->hasUser() ? $guard->user() : null;

        $this->auth->shouldUse($name);
        $guard->setUser($user);

        try {
            return $callback();
        } finally {
            $before === null ? $guard->forgetUser() : $guard->setUser($before);
            $this->auth->shouldUse($default);
        }
    }
}
