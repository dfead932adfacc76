<?php

namespace Canyon\Api;

/**
 * What happened in one second: levels at its end, and counts of that second alone. What cannot be known is null.
 */
final class Sample
{
    /**
     * Create a new sample.
     *
     * @param  array<string, mixed>  $values
     */
    private function __construct(
        public readonly int $timeMs,
        public readonly ?int $connections,
        public readonly ?int $subscriptions,
        public readonly ?int $channels,
        public readonly ?int $deliveries,
        public readonly ?int $deliveredBytes,
        public readonly ?int $queueEvents,
        public readonly ?int $queueAgeMs,
        /** Everything that the server tells of the second, by name. */
        public readonly array $values,
    ) {
        //
    }

    /**
     * Create a sample from what a server tells.
     *
     * @param  array<string, mixed>  $values
     */
    public static function fromArray(array $values): self
    {
        return new self(
            $values['time_ms'] ?? 0,
            $values['connections'] ?? null,
            $values['subscriptions'] ?? null,
            $values['channels'] ?? null,
            $values['deliveries'] ?? null,
            $values['delivered_bytes'] ?? null,
            $values['queue_events'] ?? null,
            $values['queue_age_ms'] ?? null,
            $values,
        );
    }

    /**
     * Count the events that came in, whichever way.
     */
    public function events(): int
    {
        return ($this->values['events_from_queue'] ?? 0) + ($this->values['events_from_http'] ?? 0) + ($this->values['events_from_clients'] ?? 0);
    }

    /**
     * Get the share of the second in which each worker used the processor, from 0 to 1.
     *
     * @return list<float|null>
     */
    public function workerLoad(): array
    {
        return $this->values['worker_load'] ?? [];
    }
}
