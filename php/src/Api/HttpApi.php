<?php

namespace Canyon\Api;

use Canyon\Credentials;
use Canyon\RequestRefused;
use Canyon\ServerAddress;
use Canyon\ServerUnreachable;
use Canyon\Signer;
use Illuminate\Http\Client\ConnectionException;
use Illuminate\Http\Client\Factory;
use Illuminate\Http\Client\Response;

/**
 * The server's HTTP API: through its Unix socket where it has one on this machine, else through its address.
 */
final class HttpApi
{
    /**
     * Create a new HTTP API instance.
     *
     * @param  list<string>  $sockets
     */
    public function __construct(
        private readonly Factory $http,
        private readonly Credentials $credentials,
        private readonly Signer $signer,
        private readonly ServerAddress $address,
        private readonly array $sockets = [],
        private readonly float $connectTimeout = 2.0,
        private readonly float $timeout = 2.0,
    ) {
        //
    }

    /**
     * Create an API from the configuration of a broadcasting connection.
     *
     * @param  array<string, mixed>  $config
     */
    public static function fromConfig(Factory $http, array $config): self
    {
        $credentials = new Credentials($config['app'] ?? []);
        $listen = array_map(static fn (mixed $address) => trim((string) $address), (array) ($config['server']['listen'] ?? []));

        return new self(
            $http,
            $credentials,
            new Signer($credentials),
            ServerAddress::fromConfig($config['http'] ?? [], (string) ($config['server']['path_prefix'] ?? '')),
            array_values(array_filter($listen, static fn (string $address) => str_starts_with($address, 'unix:'))),
            (float) ($config['http']['connect_timeout'] ?? 2),
            (float) ($config['http']['timeout'] ?? 2),
        );
    }

    /**
     * Ask for something.
     *
     * @param  array<string, string>  $parameters
     * @return array<string, mixed>
     */
    public function get(string $path, array $parameters = []): array
    {
        return $this->request('GET', $path, '', $parameters);
    }

    /**
     * Have something done.
     *
     * @return array<string, mixed>
     */
    public function post(string $path): array
    {
        return $this->request('POST', $path, '{}');
    }

    /**
     * Send a signed request.
     *
     * @param  array<string, string>  $parameters
     * @return array<string, mixed>
     */
    private function request(string $method, string $path, string $body, array $parameters = []): array
    {
        $path = '/apps/'.$this->credentials->id().$path;
        $query = $this->signer->request($method, $path, $body, time(), $parameters);
        $target = $path.'?'.http_build_query($query, '', '&', PHP_QUERY_RFC3986);

        $failures = [];

        foreach ($this->addresses() as $address) {
            try {
                return $this->understand($address, $this->send($method, $address, $target, $body));
            } catch (ConnectionException $e) {
                $failures[] = "{$address} ({$this->reason($e)})";

                // One that does not answer in time will not do so at its other address either.
                if ($this->isTimeout($e)) {
                    break;
                }
            }
        }

        throw new ServerUnreachable('Could not reach the Canyon server at '.implode(' and ', $failures).'. Start it with [php artisan canyon:start]; if it runs, do CANYON_HOST, CANYON_PORT and CANYON_SCHEME, or CANYON_LISTEN, lead to it?', 0, $e);
    }

    /**
     * Get the addresses to try.
     *
     * @return non-empty-list<string>
     */
    public function addresses(): array
    {
        $present = static fn (string $socket) => @filetype(substr($socket, strlen('unix:'))) === 'socket';

        $sockets = extension_loaded('curl') ? array_filter($this->sockets, $present) : [];

        return [...array_values($sockets), (string) $this->address];
    }

    /**
     * Send a request to one of the addresses.
     */
    private function send(string $method, string $address, string $target, string $body): Response
    {
        $request = $this->http
            ->connectTimeout($this->connectTimeout)
            ->timeout($this->timeout)
            ->withoutRedirecting()
            ->withUserAgent('canyon-laravel')
            ->acceptJson();

        if ($body !== '') {
            $request->withBody($body, 'application/json');
        }

        if (str_starts_with($address, 'unix:')) {
            $request->withOptions(['curl' => [CURLOPT_UNIX_SOCKET_PATH => substr($address, strlen('unix:'))]]);
            // Nobody speaks TLS with a neighbour.
            $address = preg_replace('/\Ahttps:/', 'http:', (string) $this->address);
        }

        return $request->send($method, $address.$target);
    }

    /**
     * Get what a server has answered.
     *
     * @return array<string, mixed>
     */
    private function understand(string $address, Response $response): array
    {
        $status = $response->status();

        if (in_array($status, [502, 504], true)) {
            throw new ServerUnreachable("At {$address} a proxy answers with status {$status}, but not the Canyon server behind it. Start it with [php artisan canyon:start].");
        }

        if ($status === 200 && is_array($answer = $response->json())) {
            return $answer;
        }

        $reason = mb_strimwidth(trim((string) preg_replace('/\s+/', ' ', mb_scrub($response->body()))), 0, 300, '...');

        throw new RequestRefused(
            ($status === 200 ? "What answers at {$address} is not a Canyon server" : "The Canyon server at {$address} refused the request with status {$status}")
            .($reason === '' ? '.' : ": {$reason}").Advice::about($status), $status,
        );
    }

    /**
     * Get why there was no answer.
     */
    private function reason(ConnectionException $e): string
    {
        return (string) preg_replace(['/\AcURL error (\d+): /', '/ \(see https?:.*\z/s'], '', $e->getMessage());
    }

    /**
     * Determine if the server took too long.
     */
    private function isTimeout(ConnectionException $e): bool
    {
        return str_contains($e->getMessage(), 'cURL error 28:');
    }
}
