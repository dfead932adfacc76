<?php

namespace Canyon\Tests\Support;

use RuntimeException;

/**
 * A WebSocket client that speaks the Pusher protocol, in a few lines and without a library.
 */
final class WebSocketClient
{
    public readonly string $socketId;

    /** @var resource */
    private $stream;

    public function __construct(int $port, string $key, string $header = '')
    {
        $this->stream = stream_socket_client("tcp://127.0.0.1:{$port}", $code, $message, 5) ?: throw new RuntimeException($message);
        stream_set_timeout($this->stream, 10);

        $nonce = base64_encode(random_bytes(16));
        fwrite($this->stream, "GET /app/{$key}?protocol=7&client=test&version=1.0 HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {$nonce}\r\n{$header}\r\n");

        $head = '';
        while (! str_ends_with($head, "\r\n\r\n")) {
            $head .= $this->read(1);
        }

        if (! str_starts_with($head, 'HTTP/1.1 101 ')) {
            throw new RuntimeException("No WebSocket: {$head}");
        }

        $this->socketId = json_decode($this->expect('pusher:connection_established')['data'], true)['socket_id'];
    }

    /**
     * Subscribe to a channel, with the answer of the application's auth endpoint if it needs one.
     *
     * @param  array{auth?: string, channel_data?: string}  $auth
     * @return array<string, mixed>
     */
    public function subscribe(string $channel, array $auth = []): array
    {
        $this->send(json_encode(['event' => 'pusher:subscribe', 'data' => ['channel' => $channel] + $auth + ['auth' => '']]));

        return $this->expect('pusher_internal:subscription_succeeded');
    }

    public function unsubscribe(string $channel): void
    {
        $this->send(json_encode(['event' => 'pusher:unsubscribe', 'data' => ['channel' => $channel]]));
    }

    /**
     * Send an event to the other subscribers of a channel.
     */
    public function whisper(string $channel, string $event, string $json): void
    {
        $this->send(sprintf('{"event":%s,"channel":%s,"data":%s}', json_encode($event), json_encode($channel), $json));
    }

    public function disconnect(): void
    {
        fclose($this->stream);
    }

    /**
     * Wait for the next event, which must have this name.
     *
     * @return array<string, mixed>
     */
    public function expect(string $name): array
    {
        $event = $this->next();

        return ($event['event'] ?? null) === $name
            ? $event
            : throw new RuntimeException("Expected {$name}, got ".json_encode($event));
    }

    /**
     * Wait for the server to close the connection, and get the code it gives.
     */
    public function closeCode(): int
    {
        [$opcode, $payload] = $this->frame();

        return $opcode === 8 ? unpack('n', $payload)[1] : throw new RuntimeException("Expected a close, got {$payload}");
    }

    /**
     * @return array<string, mixed>
     */
    private function next(): array
    {
        do {
            [$opcode, $payload] = $this->frame();
        } while ($opcode === 9);

        return $opcode === 1 ? json_decode($payload, true, flags: JSON_THROW_ON_ERROR) : throw new RuntimeException("Expected an event, got a frame of type {$opcode}");
    }

    /**
     * @return array{int, string}
     */
    private function frame(): array
    {
        [$first, $length] = array_values(unpack('C2', $this->read(2)));

        $length = match ($length) {
            126 => unpack('n', $this->read(2))[1],
            127 => unpack('J', $this->read(8))[1],
            default => $length,
        };

        return [$first & 0x0F, $length === 0 ? '' : $this->read($length)];
    }

    public function send(string $text): void
    {
        $length = strlen($text);
        $mask = random_bytes(4);

        fwrite($this->stream, chr(0x81).($length < 126 ? chr(0x80 | $length) : chr(0x80 | 126).pack('n', $length)).$mask.($text ^ str_pad('', $length, $mask)));
    }

    private function read(int $length): string
    {
        for ($bytes = ''; strlen($bytes) < $length; $bytes .= $chunk) {
            $chunk = fread($this->stream, $length - strlen($bytes));

            if ($chunk === '' || $chunk === false) {
                throw new RuntimeException(feof($this->stream) ? 'The server has closed the connection.' : 'The server has sent nothing for 10 seconds.');
            }
        }

        return $bytes;
    }
}
