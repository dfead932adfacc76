<?php

use Canyon\Tests\Fixtures\OrderShipped;
use Illuminate\Support\Facades\Artisan;
use Illuminate\Support\Facades\Broadcast;

Artisan::command('ship {orders*}', function (array $orders) {
    foreach ($orders as $order) {
        broadcast(new OrderShipped((int) $order));

        // The next one gets a broadcaster of its own, as after a configuration change.
        Broadcast::purge();
    }
});
