<?php

namespace Canyon\Tests\Fixtures;

use Illuminate\Contracts\Queue\ShouldQueue;
use Illuminate\Foundation\Queue\Queueable;

class ShipOrder implements ShouldQueue
{
    use Queueable;

    public function __construct(private readonly int $order)
    {
        //
    }

    public function handle(): void
    {
        event(new ItemUpdated("Order {$this->order}"));
    }
}
