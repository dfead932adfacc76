<?php

return [
    App\Providers\AppServiceProvider::class,
    // Composer would discover it; a framework without Composer cannot.
    Canyon\CanyonServiceProvider::class,
];
