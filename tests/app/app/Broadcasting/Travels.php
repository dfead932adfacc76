<?php

namespace App\Broadcasting;

use Illuminate\Support\Str;

/**
 * Gives an event a journey: an id, and the wall-clock time of its departure for the browser on the same machine to compare with.
 */
trait Travels
{
    public string $journey = '';

    public float $leftAt = 0.0;

    /**
     * Note the time at which the event leaves.
     */
    public function depart(): void
    {
        $this->journey = (string) Str::ulid();
        $this->leftAt = microtime(true) * 1000;
    }

    /**
     * Get the id by which the pages recognise this journey.
     */
    public function journeyId(): string
    {
        return $this->journey;
    }

    /**
     * The part of the payload that describes the journey.
     *
     * @return array{journey: array{id: string, left_at: float}}
     */
    protected function journeyPayload(): array
    {
        return ['journey' => ['id' => $this->journey, 'left_at' => round($this->leftAt, 3)]];
    }
}
