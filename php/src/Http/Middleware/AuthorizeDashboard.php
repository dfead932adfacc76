<?php

namespace Canyon\Http\Middleware;

use Canyon\Dashboard\Gatekeeper;
use Closure;
use Illuminate\Http\Request;
use Symfony\Component\HttpFoundation\Response;
use Symfony\Component\HttpKernel\Exception\AccessDeniedHttpException;

class AuthorizeDashboard
{
    /**
     * Create a new middleware instance.
     */
    public function __construct(protected readonly Gatekeeper $gatekeeper)
    {
        //
    }

    /**
     * Handle the incoming request: only those get through who may look at the dashboard.
     *
     * @param  Closure(Request): Response  $next
     */
    public function handle(Request $request, Closure $next): Response
    {
        return $this->gatekeeper->allows($request)
            ? $next($request)
            : throw new AccessDeniedHttpException('Outside of the local environment, the gate "viewCanyon" decides who may see this.');
    }
}
