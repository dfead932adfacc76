<?php

use Canyon\CanyonServiceProvider;
use Illuminate\Foundation\Application;
use Illuminate\Support\Facades\Event;

return Application::configure(basePath: dirname(__DIR__))
    ->withProviders([CanyonServiceProvider::class], withBootstrapProviders: false)
    ->withRouting(web: __DIR__.'/../routes/web.php', commands: __DIR__.'/../routes/console.php', channels: __DIR__.'/../routes/channels.php', health: '/up')
    ->withMiddleware()
    ->withExceptions()
    ->booted(static function () {
        foreach (array_filter(explode(',', (string) env('TEST_SUBSCRIBERS'))) as $subscriber) {
            Event::subscribe($subscriber);
        }
    })
    ->create();
