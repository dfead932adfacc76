<?php

namespace Canyon\Doctor;

use Canyon\Exception;
use Canyon\ServerAddress;

/**
 * As much of a WebSocket client in the Pusher protocol as it takes to see an event arrive.
 */
final class WebSocket
{
    /**
     * What RFC 6455 has every server add to the key of the client.
     */
    private const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

    private readonly Connection $connection;

    /**
     * Connect to a server as a browser does.
     *
     * @throws Refusal if what answers is no WebSocket server
     */
    public function __construct(ServerAddress $address, string $key, ?string $origin)
    {
        $this->connection = new Connection($address);
        $nonce = base64_encode(random_bytes(16));

        $this->connection->write(implode("\r\n", array_filter([
            "GET {$address->pathPrefix}/app/".rawurlencode($key).'?protocol=7&client=canyon-doctor&version=1.0 HTTP/1.1',
            "Host: {$this->connection->host()}",
            $origin === null ? null : "Origin: {$origin}",
            'Upgrade: websocket',
            'Connection: Upgrade',
            'Sec-WebSocket-Version: 13',
            "Sec-WebSocket-Key: {$nonce}",
        ]))."\r\n\r\n");

        ['status' => $status, 'headers' => $headers] = $this->connection->readHead();

        if ($status !== 101) {
            throw new Refusal($status, "the answer has status {$status} instead of 101");
        }

        if (($headers['sec-websocket-accept'] ?? '') !== base64_encode(sha1($nonce.self::MAGIC, true))) {
            throw new Refusal($status, 'the answer is not one to this WebSocket handshake');
        }
    }

    /**
     * Send an event to the server.
     *
     * @param  array<string, mixed>  $message
     */
    public function send(array $message): void
    {
        $this->sendFrame(0x1, json_encode($message, JSON_THROW_ON_ERROR));
    }

    /**
     * Wait for the next event.
     *
     * @return array<string, mixed>
     */
    public function next(): array
    {
        while (true) {
            [$opcode, $payload] = $this->frame();

            switch ($opcode) {
                case 0x1:
                    return (array) json_decode($payload, true, flags: JSON_THROW_ON_ERROR);
                case 0x8:
                    $code = strlen($payload) >= 2 ? unpack('n', $payload)[1] : 1005;

                    throw new Refusal($code, "the server closed the connection with code {$code}: ".substr($payload, 2));
                case 0x9:
                    $this->sendFrame(0xA, $payload);
            }
        }
    }

    /**
     * Close the connection in order.
     */
    public function close(): void
    {
        try {
            $this->sendFrame(0x8, pack('n', 1000));
        } catch (Exception) {
            // It is closed already.
        }
    }

    /**
     * Send a frame, which a client must mask.
     */
    private function sendFrame(int $opcode, string $payload): void
    {
        $length = strlen($payload);
        $mask = random_bytes(4);

        $this->connection->write(
            chr(0x80 | $opcode).($length < 126 ? chr(0x80 | $length) : chr(0x80 | 126).pack('n', $length))
            .$mask.($payload ^ substr(str_repeat($mask, intdiv($length, 4) + 1), 0, $length))
        );
    }

    /**
     * Read a frame.
     *
     * @return array{int, string}
     */
    private function frame(): array
    {
        [$first, $length] = array_values(unpack('C2', $this->connection->read(2)));

        $length = match ($length) {
            126 => unpack('n', $this->connection->read(2))[1],
            127 => unpack('J', $this->connection->read(8))[1],
            default => $length,
        };

        if ($length > 1 << 20) {
            throw new Exception('the server sent a frame that makes no sense here');
        }

        return [$first & 0x0F, $length === 0 ? '' : $this->connection->read($length)];
    }
}
