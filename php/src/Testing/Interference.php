<?php

namespace Canyon\Testing;

use Illuminate\Broadcasting\BroadcastEvent;
use Illuminate\Contracts\Foundation\Application;
use Illuminate\Support\Testing\Fakes\EventFake;
use Illuminate\Support\Testing\Fakes\QueueFake;

/**
 * Other fakes that keep events from reaching Canyon's.
 */
final class Interference
{
    /**
     * Create a new interference instance.
     */
    public function __construct(private readonly Application $app)
    {
        //
    }

    /**
     * Say which other fake has kept what.
     *
     * @return list<string>
     */
    public function hints(): array
    {
        $hints = [];

        if ($this->app->make('events') instanceof EventFake) {
            $hints[] = 'Event::fake() is in effect: an event that it fakes is not broadcast. Name the events to fake, or those to leave alone with Event::fakeExcept().';
        }

        $queue = $this->app->make('queue');

        if ($queue instanceof QueueFake && ($count = $queue->pushed(BroadcastEvent::class)->count()) > 0) {
            $hints[] = "Queue::fake() is in effect, and has {$count} broadcasts waiting. Leave them alone with Queue::fake()->except(BroadcastEvent::class), or assert on the queue.";
        }

        return $hints;
    }
}
