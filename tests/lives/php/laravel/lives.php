<?php

namespace Lives;

use Illuminate\Broadcasting\Channel;
use Illuminate\Bus\Queueable;
use Illuminate\Contracts\Broadcasting\ShouldBroadcast;
use Illuminate\Contracts\Broadcasting\ShouldBroadcastNow;
use Illuminate\Contracts\Queue\ShouldQueue;

/**
 * An event of a series, broadcast by a queue worker.
 */
class Queued implements ShouldBroadcast
{
    public function __construct(public string $series, public int $number)
    {
        //
    }

    public function broadcastOn(): Channel
    {
        return new Channel('lives');
    }

    public function broadcastAs(): string
    {
        return 'lived';
    }

    /**
     * Made where it is broadcast, so that the process in it is the worker's.
     *
     * @return array<string, mixed>
     */
    public function broadcastWith(): array
    {
        return series_event($this->series, $this->number);
    }

    public function broadcastQueue(): string
    {
        return $this->series;
    }
}

/**
 * The same, broadcast where it is raised.
 */
class Now extends Queued implements ShouldBroadcastNow {}

/**
 * A job that broadcasts, says so, and takes its time.
 */
class Slow implements ShouldQueue
{
    use Queueable;

    public int $tries = 1;

    public function __construct(public string $series, public int $timeout)
    {
        //
    }

    public function handle(): void
    {
        $this->broadcast(0);
        echo "broadcast\n";

        for ($until = microtime(true) + 60; ! is_file(base_path('go on')) && microtime(true) < $until;) {
            usleep(5000);
        }

        $this->broadcast(5);
    }

    protected function broadcast(int $from): void
    {
        for ($number = $from; $number < $from + 5; $number++) {
            broadcast(new Now($this->series, $number));
        }
    }
}
