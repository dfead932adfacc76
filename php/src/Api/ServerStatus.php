<?php

namespace Canyon\Api;

/**
 * What a server is doing: levels are those of the application, counts those of the whole server since it started.
 */
final class ServerStatus
{
    /**
     * Create a new server status instance.
     *
     * @param  array<string, int>  $counts
     */
    public function __construct(
        public readonly string $version,
        public readonly int $uptimeMs,
        public readonly int $connections,
        public readonly int $channels,
        public readonly int $users,
        public readonly array $counts = [],
    ) {
        //
    }

    /**
     * Get one of the counts; a server of another version may not keep it.
     */
    public function count(string $name): int
    {
        return $this->counts[$name] ?? 0;
    }

    /**
     * Get how much each count grew per second since an earlier look.
     *
     * @return array<string, float>
     */
    public function ratesSince(self $earlier): array
    {
        $seconds = ($this->uptimeMs - $earlier->uptimeMs) / 1000;
        $rates = [];

        foreach ($this->counts as $name => $count) {
            // Not so if another server was started in between.
            $rates[$name] = $seconds > 0 ? round(($count - $earlier->count($name)) / $seconds, 1) : 0.0;
        }

        return $rates;
    }
}
