<?php

namespace Canyon\Console;

use Canyon\Exception;

/**
 * Where the parent of a server can be asked for a reload: an abstract Unix socket, named after the queue.
 */
final class ServerDoor
{
    /**
     * How many seconds to wait for the answer: longer than any reload takes.
     */
    private const TIMEOUT = 180;

    /**
     * Create a new door instance.
     */
    private function __construct(private readonly string $queue)
    {
        //
    }

    /**
     * Get the door of the server that drains the queue directory.
     */
    public static function of(string $queue): self
    {
        return new self($queue);
    }

    /**
     * Have the server replaced by one that is started in the given directory.
     *
     * @return array<string, mixed>
     */
    public function reload(string $directory): array
    {
        $path = realpath($this->queue);
        $stream = $path === false ? false : @stream_socket_client("unix://\0canyon-".substr(hash('sha256', $path), 0, 32), timeout: 5);

        if ($stream === false) {
            throw new Exception("No server that can be reloaded drains [{$this->queue}]. Start it with [php artisan canyon:start], which needs PHP's pcntl extension to be reloaded later.");
        }

        stream_set_timeout($stream, self::TIMEOUT);
        fwrite($stream, json_encode(['directory' => $directory], JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES)."\n");

        $answer = json_decode((string) stream_get_contents($stream), true);

        return is_array($answer) ? $answer : throw new Exception('The server ended without an answer.');
    }
}
