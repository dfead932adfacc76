<?php

namespace Canyon\Http\Controllers\Dashboard;

use Canyon\Dashboard\Assets;
use Illuminate\Http\Request;
use Symfony\Component\HttpFoundation\BinaryFileResponse;
use Symfony\Component\HttpFoundation\Response;
use Symfony\Component\HttpKernel\Exception\NotFoundHttpException;

class AssetController
{
    /**
     * Create a new controller instance.
     */
    public function __construct(protected readonly Assets $assets)
    {
        //
    }

    /**
     * Send a file of the page. Under its version it never changes; under another one, of before or after a deploy, it is asked for anew.
     */
    public function __invoke(Request $request, string $version, string $file): Response
    {
        $path = $this->assets->path($file) ?? throw new NotFoundHttpException;
        $current = $this->assets->version();

        $response = new BinaryFileResponse($path, headers: ['Content-Type' => $this->assets->type($file), 'X-Content-Type-Options' => 'nosniff']);
        $response->setEtag($current);
        $response->headers->set('Cache-Control', $version === $current ? 'public, max-age=31536000, immutable' : 'no-cache');
        $response->isNotModified($request);

        return $response;
    }
}
