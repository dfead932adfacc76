<?php

namespace Canyon\Status;

use Canyon\Api\Connection;
use Canyon\Api\ServerStatus;
use Canyon\Broadcasting\Transports\ExtensionTransport;
use Canyon\Doctor\Installation;
use Canyon\Doctor\Verdict;
use Canyon\Exception;
use Illuminate\Support\Sleep;

/**
 * Everything that canyon:status tells.
 */
final class Report
{
    /**
     * The transports that hand events over through the queue directory.
     */
    private const QUEUEING = ['extension', 'ffi'];

    /**
     * Create a new report instance.
     *
     * @param  array<string, float>  $rates
     */
    private function __construct(
        public readonly string $transport,
        public readonly ?string $extension,
        public readonly ?ServerStatus $server,
        public readonly array $rates,
        public readonly ?string $serverError,
        public readonly ?QueueStatus $queue,
    ) {
        //
    }

    /**
     * Ask the server, twice for the sake of the rates, and look at the queue.
     */
    public static function make(Installation $installation, Connection $connection, int $interval): self
    {
        $server = $error = null;
        $rates = [];

        try {
            $earlier = $connection->status();
            Sleep::for($interval)->milliseconds();
            $server = $connection->status();
            $rates = $server->ratesSince($earlier);
        } catch (Exception $e) {
            $error = $e->getMessage();
        }

        $transport = $installation->transport();

        return new self(
            $transport,
            ExtensionTransport::isAvailable() ? phpversion('canyon') : null,
            $server,
            $rates,
            $error,
            in_array($transport, self::QUEUEING, true) ? QueueStatus::of($installation->queue(), $installation->credentials->id()) : null,
        );
    }

    /**
     * Get what keeps events from arriving.
     *
     * @return list<string>
     */
    public function problems(): array
    {
        return array_values(array_filter([$this->serverError, $this->queueError()]));
    }

    /**
     * Get why events do not reach a server through the queue, as far as can be seen.
     */
    private function queueError(): ?string
    {
        $drained = $this->queue?->drained;

        return $drained?->verdict === Verdict::Failed ? ucfirst("{$drained->detail}. {$drained->advice}") : null;
    }

    /**
     * Get what works, but may not be meant so.
     *
     * @return list<string>
     */
    public function warnings(): array
    {
        $differ = $this->server !== null && $this->extension !== null && $this->server->version !== $this->extension;

        return $differ
            ? ["The server has version {$this->server->version} and the extension version {$this->extension}. Install both from the same release, then start the server anew and reload PHP-FPM."]
            : [];
    }

    /**
     * Get the report as an array.
     *
     * @return array<string, mixed>
     */
    public function toArray(): array
    {
        return [
            'healthy' => $this->problems() === [],
            'problems' => $this->problems(),
            'warnings' => $this->warnings(),
            'server' => $this->server === null ? null : [
                'version' => $this->server->version,
                'uptime_ms' => $this->server->uptimeMs,
                'connections' => $this->server->connections,
                'channels' => $this->server->channels,
                'users' => $this->server->users,
                'rates' => $this->rates,
                'counts' => $this->server->counts,
            ],
            'transport' => $this->transport,
            'extension' => $this->extension,
            'queue' => $this->queue === null ? null : ['directory' => $this->queue->directory, 'unknown' => $this->queue->unknown()] + ($this->queue->status ?? []),
        ];
    }
}
