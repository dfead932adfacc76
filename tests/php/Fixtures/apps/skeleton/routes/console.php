<?php

use Canyon\Tests\Fixtures\OrderShipped;
use Illuminate\Support\Facades\Artisan;

Artisan::command('ship {order}', function (int $order) {
    broadcast(new OrderShipped($order));
});

Artisan::command('show {key}', function (string $key) {
    $this->line(json_encode(config($key)));
});
