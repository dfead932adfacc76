<?php

use Canyon\Tests\Fixtures\OrderShipped;
use Illuminate\Support\Facades\Artisan;

Artisan::command('ship {order}', function (int $order) {
    broadcast(new OrderShipped($order));
});

Artisan::command('show {keys*}', function (array $keys) {
    $this->line(json_encode(array_map(config(...), $keys)));
});
