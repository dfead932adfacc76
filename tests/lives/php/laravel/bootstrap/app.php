<?php

use Canyon\CanyonServiceProvider;
use Illuminate\Foundation\Application;

return Application::configure(basePath: dirname(__DIR__))
    ->withProviders([CanyonServiceProvider::class], withBootstrapProviders: false)
    ->withRouting(commands: dirname(__DIR__).'/console.php')
    ->withMiddleware()
    ->withExceptions()
    ->create();
