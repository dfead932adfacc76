<?php

namespace Canyon\Tests\Fixtures\Listeners;

use Canyon\Events\ClientEvent;
use Illuminate\Contracts\Queue\ShouldQueue;

class QueuedListener implements ShouldQueue
{
    /**
     * @var list<ClientEvent>
     */
    public static array $handled = [];

    public function handle(ClientEvent $event): void
    {
        self::$handled[] = $event;
    }
}
