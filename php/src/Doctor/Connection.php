<?php

namespace Canyon\Doctor;

use Canyon\Exception;
use Canyon\ServerAddress;

/**
 * A connection to a server, of plain PHP streams: it must work where nothing is installed.
 */
final class Connection
{
    /**
     * How many seconds a server may take for everything.
     */
    private const PATIENCE = 4.0;

    /** @var resource */
    private $stream;

    private readonly float $deadline;

    /**
     * Connect to a server, with TLS if its address says so.
     */
    public function __construct(private readonly ServerAddress $address)
    {
        $this->deadline = microtime(true) + self::PATIENCE;

        if ($address->scheme === 'https' && ! extension_loaded('openssl')) {
            throw new Exception('PHP\'s openssl extension is not loaded, so nothing can be asked over TLS');
        }

        $warnings = [];

        // What is wrong with a certificate is only told in warnings.
        set_error_handler(static function (int $level, string $message) use (&$warnings) {
            $warnings[] = preg_replace('/\Astream_socket_client\(\): /', '', $message);

            return true;
        });

        try {
            $stream = stream_socket_client(
                ($address->scheme === 'https' ? 'tls' : 'tcp')."://{$address->host}:{$address->port}", $code, $message, self::PATIENCE, STREAM_CLIENT_CONNECT,
                stream_context_create(['ssl' => ['peer_name' => trim($address->host, '[]'), 'capture_peer_cert' => true]]),
            );
        } finally {
            restore_error_handler();
        }

        if ($stream === false) {
            throw new Exception($message !== '' ? $message : preg_replace('/\s+/', ' ', implode('; ', $warnings)));
        }

        $this->stream = $stream;
    }

    /**
     * Send a request without a body, and read the whole answer.
     *
     * @return array{status: int, headers: array<string, string>, body: string}
     */
    public static function get(ServerAddress $address, string $path): array
    {
        $connection = new self($address);
        // A server that only knows 1.0 to be spoken does not answer in chunks.
        $connection->write("GET {$address->pathPrefix}{$path} HTTP/1.0\r\nHost: {$connection->host()}\r\nUser-Agent: canyon-doctor\r\n\r\n");

        $answer = $connection->readHead();

        return $answer + ['body' => $connection->readRest()];
    }

    /**
     * Send a request with a body, and read the whole answer.
     *
     * @param  array<string, string>  $headers
     * @return array{status: int, headers: array<string, string>, body: string}
     */
    public static function post(ServerAddress $address, string $path, string $body, array $headers): array
    {
        $connection = new self($address);
        $lines = array_map(static fn (string $name, string $value) => "{$name}: {$value}\r\n", array_keys($headers), $headers);
        $target = '/'.ltrim($address->pathPrefix.$path, '/');
        $connection->write("POST {$target} HTTP/1.0\r\nHost: {$connection->host()}\r\nUser-Agent: canyon-doctor\r\nContent-Length: ".strlen($body)."\r\n".implode('', $lines)."\r\n{$body}");

        $answer = $connection->readHead();

        return $answer + ['body' => $connection->readRest()];
    }

    /**
     * Get what stands in the certificate of the server.
     *
     * @return array<string, mixed>
     */
    public function certificate(): array
    {
        return openssl_x509_parse(stream_context_get_options($this->stream)['ssl']['peer_certificate']) ?: [];
    }

    /**
     * Get the name of the host, as it stands in requests.
     */
    public function host(): string
    {
        $isDefault = $this->address->port === ($this->address->scheme === 'https' ? 443 : 80);

        return $this->address->host.($isDefault ? '' : ":{$this->address->port}");
    }

    /**
     * Write all of something.
     */
    public function write(string $bytes): void
    {
        if (@fwrite($this->stream, $bytes) !== strlen($bytes)) {
            throw new Exception('the connection was closed');
        }
    }

    /**
     * Read the status and the headers of an answer.
     *
     * @return array{status: int, headers: array<string, string>}
     */
    public function readHead(): array
    {
        for ($head = ''; ! str_ends_with($head, "\r\n\r\n"); $head .= $this->read(1)) {
            if (strlen($head) > 16384) {
                throw new Exception('the answer is not HTTP');
            }
        }

        if (preg_match('~\AHTTP/1\.[01] (\d{3})~', $head, $status) !== 1) {
            throw new Exception('the answer is not HTTP');
        }

        preg_match_all('/^([^:\r\n]+):[ \t]*([^\r\n]*?)[ \t]*\r$/m', $head, $headers);

        return ['status' => (int) $status[1], 'headers' => array_combine(array_map(strtolower(...), $headers[1]), $headers[2])];
    }

    /**
     * Read exactly so many bytes.
     */
    public function read(int $length): string
    {
        for ($bytes = ''; strlen($bytes) < $length; $bytes .= $chunk) {
            $chunk = $this->readSome($length - strlen($bytes));

            if ($chunk === '') {
                throw new Exception('the connection was closed without an answer');
            }
        }

        return $bytes;
    }

    /**
     * Read what comes until the server closes the connection; more than a little is of no interest.
     */
    private function readRest(): string
    {
        for ($rest = ''; strlen($rest) < 65536 && ($chunk = $this->readSome(8192)) !== ''; $rest .= $chunk) {
            //
        }

        return $rest;
    }

    /**
     * Read what is there; nothing if the server has closed the connection.
     */
    private function readSome(int $length): string
    {
        $left = max(0.001, $this->deadline - microtime(true));
        stream_set_timeout($this->stream, (int) $left, (int) (fmod($left, 1) * 1_000_000));

        $chunk = (string) fread($this->stream, $length);

        if ($chunk === '' && stream_get_meta_data($this->stream)['timed_out']) {
            throw new Exception('there was no answer within '.self::PATIENCE.' seconds');
        }

        return $chunk;
    }
}
