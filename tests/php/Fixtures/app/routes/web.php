<?php

use Canyon\Tests\Fixtures\OrderShipped;
use Illuminate\Support\Facades\Broadcast;
use Illuminate\Support\Facades\Route;

Broadcast::userRoutes();

Route::get('/ship/{order}', static function (int $order) {
    broadcast(new OrderShipped($order));

    return 'shipped';
});
