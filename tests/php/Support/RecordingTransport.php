<?php

namespace Canyon\Tests\Support;

use Canyon\Broadcasting\Transport;
use Throwable;

final class RecordingTransport implements Transport
{
    /**
     * @var list<array{channels: list<string>, event: string, data: string, except: string|null}>
     */
    public array $published = [];

    public function __construct(private readonly ?Throwable $failure = null)
    {
        //
    }

    public function publish(array $channels, string $event, string $data, ?string $exceptSocketId = null): void
    {
        if ($this->failure !== null) {
            throw $this->failure;
        }

        $this->published[] = ['channels' => $channels, 'event' => $event, 'data' => $data, 'except' => $exceptSocketId];
    }
}
