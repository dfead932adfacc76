<?php

namespace Canyon\Tests;

use AssertionError;

/**
 * Just enough of a Pusher client to see that a server serves.
 */
final class WebSocket
{
    /** @var resource */
    private $socket;

    public readonly string $socketId;

    public function __construct(int $port, string $key)
    {
        $socket = stream_socket_client("tcp://127.0.0.1:{$port}", $code, $why, 30);
        holds($socket !== false, "cannot connect: {$why}");
        $this->socket = $socket;
        stream_set_timeout($this->socket, 30);
        fwrite($this->socket, "GET /app/{$key}?protocol=7&client=test&version=1 HTTP/1.1\r\nHost: 127.0.0.1:{$port}\r\n".
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n".
            'Sec-WebSocket-Key: '.base64_encode(random_bytes(16))."\r\n\r\n");
        contains('101', (string) fgets($this->socket));

        while (rtrim((string) fgets($this->socket)) !== '') {
        }

        $hello = $this->next();
        same('pusher:connection_established', $hello['event']);
        $this->socketId = json_decode($hello['data'], true)['socket_id'];
    }

    public function subscribe(string $channel): void
    {
        $this->send(json_encode(['event' => 'pusher:subscribe', 'data' => ['channel' => $channel]]));
        same('pusher_internal:subscription_succeeded', $this->next()['event']);
    }

    /**
     * The next message.
     *
     * @return array<string, mixed>
     */
    public function next(): array
    {
        [$opcode, $payload] = $this->frame();
        same(1, $opcode, "opcode of {$payload}");

        return json_decode($payload, true, flags: JSON_THROW_ON_ERROR);
    }

    /**
     * The code with which the server closes.
     */
    public function closeCode(): int
    {
        [$opcode, $payload] = $this->frame();
        same(8, $opcode, "opcode of {$payload}");

        return unpack('n', $payload)[1];
    }

    private function send(string $text): void
    {
        $length = strlen($text) < 126 ? chr(0x80 | strlen($text)) : chr(0x80 | 126).pack('n', strlen($text));
        $mask = random_bytes(4);
        fwrite($this->socket, "\x81{$length}{$mask}".($text ^ str_repeat($mask, intdiv(strlen($text), 4) + 1)));
    }

    /**
     * @return array{int, string}
     */
    private function frame(): array
    {
        $head = unpack('C2', $this->read(2));
        $length = $head[2];
        $length = match (true) {
            $length === 126 => unpack('n', $this->read(2))[1],
            $length === 127 => unpack('J', $this->read(8))[1],
            default => $length,
        };

        return [$head[1] & 15, $this->read($length)];
    }

    private function read(int $length): string
    {
        $bytes = '';

        while (strlen($bytes) < $length) {
            $part = fread($this->socket, $length - strlen($bytes));

            if ($part === '' || $part === false) {
                throw new AssertionError('The server hung up or says nothing.');
            }

            $bytes .= $part;
        }

        return $bytes;
    }
}

/**
 * A port that is free now.
 */
function free_port(): int
{
    $socket = stream_socket_server('tcp://127.0.0.1:0');
    $name = stream_socket_get_name($socket, false);
    fclose($socket);

    return (int) substr($name, strrpos($name, ':') + 1);
}
