<?php

namespace Canyon\Http\Controllers\Dashboard;

use Canyon\Dashboard\Assets;
use Canyon\Dashboard\PageSettings;
use Illuminate\Contracts\View\Factory;
use Illuminate\Http\Request;
use Illuminate\Http\Response;

class PageController
{
    /**
     * What the page may load: its own files, and nothing else from anywhere.
     */
    protected const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; "
        ."connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

    /**
     * Create a new controller instance.
     */
    public function __construct(
        protected readonly Factory $views,
        protected readonly PageSettings $settings,
        protected readonly Assets $assets,
    ) {
        //
    }

    /**
     * Show the page. Which view of it, its own script tells from the URL.
     */
    public function __invoke(Request $request): Response
    {
        $page = $this->views->make('canyon::dashboard', [
            'assets' => $this->settings->base($request).'/assets/'.$this->assets->version(),
            'settings' => $this->settings->toArray($request),
        ]);

        return new Response($page->render(), headers: [
            'Content-Security-Policy' => self::POLICY,
            'Cache-Control' => 'no-store, private',
            'X-Robots-Tag' => 'noindex',
        ]);
    }
}
