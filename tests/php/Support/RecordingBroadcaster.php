<?php

namespace Canyon\Tests\Support;

use Illuminate\Broadcasting\Broadcasters\NullBroadcaster;

/**
 * A broadcaster of somebody else.
 */
final class RecordingBroadcaster extends NullBroadcaster
{
    /** @var list<string> */
    public array $events = [];

    public function broadcast(array $channels, $event, array $payload = []): void
    {
        $this->events[] = $event;
    }
}
