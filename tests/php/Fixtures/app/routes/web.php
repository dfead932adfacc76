<?php

use Canyon\Publisher;
use Canyon\QueueFull;
use Canyon\Tests\Fixtures\OrderShipped;
use Illuminate\Support\Facades\Broadcast;
use Illuminate\Support\Facades\Route;

Broadcast::userRoutes();

Route::get('/ship/{order}', static function (int $order) {
    broadcast(new OrderShipped($order));

    return 'shipped';
});

// Fills this process's ring to the last byte.
Route::get('/fill', static function () {
    $publisher = new Publisher(config('canyon.queue'), config('canyon.app.id'));

    foreach ([1000, 0] as $bytes) {
        try {
            while (true) {
                $publisher->publish('filled', 'filler', str_repeat('x', $bytes));
            }
        } catch (QueueFull) {
            continue;
        }
    }

    return 'full';
});
