<?php

namespace Canyon\Tests\Fixtures;

use Illuminate\Queue\Attributes\Queue;

#[Queue('stock')]
class StockCounted extends ItemUpdated
{
    //
}
