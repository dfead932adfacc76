<?php

use App\Providers\AppServiceProvider;
use Canyon\CanyonServiceProvider;

return [
    AppServiceProvider::class,
    // Composer would discover it; a framework without Composer cannot.
    CanyonServiceProvider::class,
];
