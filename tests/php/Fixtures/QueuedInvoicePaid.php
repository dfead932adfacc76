<?php

namespace Canyon\Tests\Fixtures;

use Illuminate\Bus\Queueable;
use Illuminate\Contracts\Queue\ShouldQueue;

class QueuedInvoicePaid extends InvoicePaid implements ShouldQueue
{
    use Queueable;
}
