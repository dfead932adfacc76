<?php

namespace Canyon\Tests\Fixtures;

use Illuminate\Notifications\Messages\BroadcastMessage;
use Illuminate\Notifications\Notification;

class InvoicePaid extends Notification
{
    public $id = 'n-1';

    public function via(): array
    {
        return ['broadcast'];
    }

    public function toBroadcast(): BroadcastMessage
    {
        return new BroadcastMessage(['invoice' => 5]);
    }

    public function broadcastType(): string
    {
        return 'invoice.paid';
    }
}
