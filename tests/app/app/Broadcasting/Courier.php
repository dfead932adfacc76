<?php

namespace App\Broadcasting;

use App\Events\JourneyMeasured;

/**
 * Broadcasts an event and reports how long that kept the request waiting.
 *
 * The figure cannot travel in the event itself, which is gone by the time it is known: it follows in an event of its own.
 */
class Courier
{
    /**
     * Broadcast the event to everybody, or to everybody but the window that made the request.
     *
     * @return string The id of the journey
     */
    public function send(Journey $event, bool $toOthers = false): string
    {
        $event->depart();

        $began = hrtime(true);

        $pending = broadcast($event);

        if ($toOthers) {
            $pending->toOthers();
        }

        // Laravel broadcasts when the pending broadcast is destroyed, so the clock may only stop after that.
        unset($pending);

        $micros = (hrtime(true) - $began) / 1000;

        broadcast(new JourneyMeasured($event->journeyId(), $micros));

        return $event->journeyId();
    }
}
