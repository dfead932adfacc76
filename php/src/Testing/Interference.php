<?php

namespace Canyon\Testing;

use Closure;
use Illuminate\Broadcasting\BroadcastEvent;
use Illuminate\Broadcasting\UniqueBroadcastEvent;
use Illuminate\Contracts\Bus\Dispatcher;
use Illuminate\Contracts\Foundation\Application;
use Illuminate\Support\Collection;
use Illuminate\Support\Testing\Fakes\BusFake;
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
        $bus = $this->app->make(Dispatcher::class);

        $kept = [
            'Queue' => $queue instanceof QueueFake ? $this->count($queue->pushed(...)) : 0,
            'Bus' => $bus instanceof BusFake ? $this->count($bus->dispatched(...)) : 0,
        ];

        foreach (array_filter($kept) as $facade => $count) {
            $hints[] = "{$facade}::fake() is in effect, and keeps {$count} broadcasts. Leave them alone with {$facade}::fake()->except(BroadcastEvent::class).";
        }

        return $hints;
    }

    /**
     * Count the jobs of broadcasts that a fake has kept.
     *
     * @param  Closure(class-string): Collection<int, object>  $kept
     */
    private function count(Closure $kept): int
    {
        return $kept(BroadcastEvent::class)->count() + $kept(UniqueBroadcastEvent::class)->count();
    }
}
