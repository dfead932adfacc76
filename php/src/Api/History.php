<?php

namespace Canyon\Api;

use Illuminate\Support\Collection;
use JsonSerializable;

/**
 * The last seconds of a server, the oldest first.
 */
final class History implements JsonSerializable
{
    /**
     * Create a new history.
     *
     * @param  list<string>  $fields
     * @param  list<list<mixed>>  $rows
     */
    public function __construct(
        public readonly int $intervalMs = 1000,
        public readonly int $workers = 0,
        private readonly array $fields = [],
        private readonly array $rows = [],
    ) {
        //
    }

    /**
     * Get the seconds.
     *
     * @return Collection<int, Sample>
     */
    public function samples(): Collection
    {
        return (new Collection($this->rows))->map(fn (array $row) => Sample::fromArray(array_combine($this->fields, $row)));
    }

    /**
     * Get the history as a server tells it: the names of the fields once, and a row for each second.
     *
     * @return array<string, mixed>
     */
    public function jsonSerialize(): array
    {
        return ['interval_ms' => $this->intervalMs, 'workers' => $this->workers, 'fields' => $this->fields, 'samples' => $this->rows];
    }
}
