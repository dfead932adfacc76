<?php

namespace Canyon\Api;

use Illuminate\Support\Collection;
use JsonSerializable;

/**
 * What keeps a server busy: its last second, the channels and clients that stand out, and what it refused.
 */
final class Top implements JsonSerializable
{
    /**
     * Create a new instance from what a server tells.
     *
     * @param  array<string, mixed>  $answer
     */
    public function __construct(private readonly array $answer = [])
    {
        //
    }

    /**
     * Get the version of the server.
     */
    public function version(): string
    {
        return $this->answer['version'] ?? 'unknown';
    }

    /**
     * Get for how long the server has run.
     */
    public function uptimeMs(): int
    {
        return $this->answer['uptime_ms'] ?? 0;
    }

    /**
     * Get the last whole second.
     */
    public function sample(): Sample
    {
        return Sample::fromArray($this->answer['sample'] ?? []);
    }

    /**
     * Get for how long the server has counted what happens on single channels: it does so only while somebody looks.
     */
    public function watchingMs(): int
    {
        return $this->answer['watching_ms'] ?? 0;
    }

    /**
     * Get the busiest channels of the last second.
     *
     * @return Collection<int, BusyChannel>
     */
    public function channels(): Collection
    {
        return $this->map('channels', static fn (array $channel) => new BusyChannel(
            $channel['name'],
            $channel['subscriptions'] ?? 0,
            $channel['members'] ?? null,
            (float) ($channel['events'] ?? 0),
            (float) ($channel['deliveries'] ?? 0),
            (float) ($channel['bytes'] ?? 0),
        ));
    }

    /**
     * Get the clients for whom the most waits to be sent.
     *
     * @return Collection<int, SlowClient>
     */
    public function clients(): Collection
    {
        return $this->map('clients', static fn (array $client) => new SlowClient(
            $client['socket_id'],
            $client['user_id'] ?? null,
            $client['unsent_bytes'] ?? 0,
            $client['stalled_ms'] ?? 0,
            $client['subscriptions'] ?? 0,
        ));
    }

    /**
     * Get what was refused lately, the newest last.
     *
     * @return Collection<int, Refusal>
     */
    public function refusals(): Collection
    {
        return $this->map('refusals', static fn (array $refusal) => new Refusal(
            $refusal['time_ms'] ?? 0,
            $refusal['what'] ?? '',
            $refusal['code'] ?? null,
            $refusal['why'] ?? '',
            $refusal['channel'] ?? null,
            $refusal['socket_id'] ?? null,
            $refusal['count'] ?? 1,
        ));
    }

    /**
     * Get everything as the server tells it.
     *
     * @return array<string, mixed>
     */
    public function jsonSerialize(): array
    {
        return $this->answer;
    }

    /**
     * Make something of each entry of a list.
     *
     * @template TEntry
     *
     * @param  callable(array<string, mixed>): TEntry  $make
     * @return Collection<int, TEntry>
     */
    private function map(string $list, callable $make): Collection
    {
        return (new Collection($this->answer[$list] ?? []))->map($make)->values();
    }
}
