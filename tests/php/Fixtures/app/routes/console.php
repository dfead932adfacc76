<?php

use Canyon\Tests\Fixtures\OrderShipped;
use Illuminate\Support\Facades\Artisan;

Artisan::command('ship {orders*}', function (array $orders) {
    foreach ($orders as $order) {
        broadcast(new OrderShipped((int) $order));
    }
});
