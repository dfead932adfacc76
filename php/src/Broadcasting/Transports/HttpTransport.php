<?php

namespace Canyon\Broadcasting\Transports;

use Canyon\Api\Advice;
use Canyon\Broadcasting\Transport;
use Canyon\Credentials;
use Canyon\Exception;
use Canyon\InvalidConfiguration;
use Canyon\QueueFull;
use Canyon\ServerAddress;
use Canyon\Signer;
use CurlHandle;

/**
 * Publishes through the Pusher HTTP API of a server: for machines without the extension, and for servers elsewhere.
 */
final class HttpTransport implements Transport
{
    /**
     * The most channels the Pusher HTTP API takes in one request.
     */
    private const MAX_CHANNELS = 100;

    /**
     * The handle that keeps the connection to the server open between events.
     */
    private ?CurlHandle $curl = null;

    /**
     * The process the handle belongs to.
     */
    private int $processId = 0;

    /**
     * Create a new HTTP transport instance.
     */
    public function __construct(
        private readonly Credentials $credentials,
        private readonly Signer $signer,
        private readonly string $url,
        private readonly float $connectTimeout = 2.0,
        private readonly float $timeout = 2.0,
    ) {
        if (! extension_loaded('curl')) {
            throw new InvalidConfiguration('Publishing over HTTP needs PHP\'s curl extension. Install it, or install the canyon extension to publish without HTTP.');
        }
    }

    /**
     * Create a transport from the "http" section of the configuration.
     *
     * @param  array<string, mixed>  $http
     */
    public static function fromConfig(Credentials $credentials, Signer $signer, array $http, string $pathPrefix = ''): self
    {
        return new self(
            $credentials,
            $signer,
            (string) ServerAddress::fromConfig($http, $pathPrefix),
            (float) ($http['connect_timeout'] ?? 2),
            (float) ($http['timeout'] ?? 2),
        );
    }

    /**
     * Get the address of the server this transport publishes to.
     */
    public function url(): string
    {
        return $this->url;
    }

    /**
     * Hand an encoded event to the server.
     *
     * @param  list<string>  $channels
     */
    public function publish(array $channels, string $event, string $data, ?string $exceptSocketId = null): void
    {
        foreach (array_chunk($channels, self::MAX_CHANNELS) as $chunk) {
            $message = ['name' => $event, 'channels' => $chunk, 'data' => $data];

            if ($exceptSocketId !== null) {
                $message['socket_id'] = $exceptSocketId;
            }

            $this->post('/apps/'.$this->credentials->id().'/events', json_encode(
                $message, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE,
            ));
        }
    }

    /**
     * Send a signed request; the path prefix is not part of what is signed.
     */
    private function post(string $path, string $body): void
    {
        $query = $this->signer->request('POST', $path, $body, time());
        $curl = $this->curl();

        curl_setopt_array($curl, [
            CURLOPT_URL => $this->url.$path.'?'.http_build_query($query, '', '&', PHP_QUERY_RFC3986),
            CURLOPT_POSTFIELDS => $body,
        ]);

        $answer = curl_exec($curl);

        if ($answer === false) {
            throw new Exception("Could not reach the Canyon server at {$this->url}: ".curl_error($curl).'. Is it running, and do CANYON_HOST, CANYON_PORT and CANYON_SCHEME point to it?');
        }

        $this->ensureAccepted(curl_getinfo($curl, CURLINFO_RESPONSE_CODE), (string) $answer);
    }

    /**
     * Ensure that the server has taken the event.
     */
    private function ensureAccepted(int $status, string $answer): void
    {
        if ($status === 200) {
            return;
        }

        $reason = mb_strimwidth(trim((string) preg_replace('/\s+/', ' ', mb_scrub($answer))), 0, 300, '...');

        $message = "The Canyon server at {$this->url} refused the event with status {$status}".($reason === '' ? '.' : ": {$reason}").Advice::about($status);

        // Service Unavailable: the server does not keep up.
        throw $status === 503 ? new QueueFull($message) : new Exception($message);
    }

    /**
     * Get the handle of this process.
     *
     * A forked child must not write to the connection it has inherited from its parent.
     */
    private function curl(): CurlHandle
    {
        if ($this->curl !== null && $this->processId === getmypid()) {
            return $this->curl;
        }

        $this->processId = (int) getmypid();

        curl_setopt_array($curl = curl_init(), [
            CURLOPT_CONNECTTIMEOUT_MS => (int) ($this->connectTimeout * 1000),
            // "Expect: 100-continue" would cost a round trip for larger events.
            CURLOPT_HTTPHEADER => ['Content-Type: application/json', 'Expect:'],
            CURLOPT_NOSIGNAL => true,
            CURLOPT_POST => true,
            CURLOPT_PROTOCOLS => CURLPROTO_HTTP | CURLPROTO_HTTPS,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_TIMEOUT_MS => (int) ($this->timeout * 1000),
            CURLOPT_USERAGENT => 'canyon-laravel',
        ]);

        return $this->curl = $curl;
    }
}
