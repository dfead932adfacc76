<?php

namespace App\Http\Controllers;

use Symfony\Component\HttpFoundation\BinaryFileResponse;

class BrowserBuildController
{
    /**
     * The browser builds as npm delivers them, untouched.
     */
    private const FILES = [
        'echo.iife.js' => 'laravel-echo/dist/echo.iife.js',
        'pusher.min.js' => 'pusher-js/dist/web/pusher.min.js',
    ];

    /**
     * Serve a browser build from the node_modules directory in NODE_PATH.
     */
    public function __invoke(string $file): BinaryFileResponse
    {
        abort_unless(isset(self::FILES[$file]), 404);

        $path = getenv('NODE_PATH').'/'.self::FILES[$file];

        abort_unless(is_file($path), 500, "[{$path}] is missing: NODE_PATH must name a node_modules directory with laravel-echo and pusher-js.");

        return response()->file($path, ['Content-Type' => 'text/javascript', 'Cache-Control' => 'public, max-age=3600']);
    }
}
