<?php

namespace Canyon\Broadcasting;

use Canyon\Broadcasting\Transports\ExtensionTransport;
use Canyon\Broadcasting\Transports\FfiTransport;
use Canyon\Broadcasting\Transports\HttpTransport;
use Canyon\Credentials;
use Canyon\InvalidConfiguration;
use Canyon\QueueDirectory;
use Canyon\Signer;
use Closure;

final class TransportFactory
{
    /**
     * Create a new transport factory instance.
     *
     * @param  array<string, mixed>  $config
     * @param  Closure(string): void  $onFallback
     */
    public function __construct(
        private readonly array $config,
        private readonly Credentials $credentials,
        private readonly Signer $signer,
        private readonly Closure $onFallback,
    ) {
        //
    }

    /**
     * Get the name of the transport that is configured.
     */
    public function configured(): string
    {
        $transport = $this->config['transport'] ?? 'auto';

        return is_scalar($transport) ? (string) $transport : gettype($transport);
    }

    /**
     * Get the name of the transport that is used in this process.
     */
    public function chosen(): string
    {
        return match ($transport = $this->configured()) {
            'auto' => ExtensionTransport::isAvailable() ? 'extension' : 'http',
            default => $transport,
        };
    }

    /**
     * Create the transport.
     */
    public function make(): Transport
    {
        return match ($transport = $this->chosen()) {
            'extension' => $this->extension(),
            'ffi' => $this->ffi(),
            'http' => $this->configured() === 'auto' ? $this->fallback() : $this->http(),
            default => throw new InvalidConfiguration("The Canyon transport [{$transport}] is not supported. Set CANYON_TRANSPORT to \"auto\", \"extension\", \"ffi\" or \"http\"."),
        };
    }

    /**
     * Create the transport that writes to shared memory.
     */
    private function extension(): ExtensionTransport
    {
        if (! ExtensionTransport::isAvailable()) {
            throw new InvalidConfiguration('The canyon PHP extension is not loaded ('.PHP_SAPI.', '.(php_ini_loaded_file() ?: 'no php.ini').'). Install it, or set CANYON_TRANSPORT to "auto" or "http".');
        }

        return new ExtensionTransport(
            QueueDirectory::resolve($this->config['queue'] ?? null, $this->credentials),
            $this->credentials->id(),
            EventLimit::configured($this->config['app']['max_event_bytes'] ?? null),
        );
    }

    /**
     * Create the transport that writes to shared memory through the C library.
     */
    private function ffi(): FfiTransport
    {
        return FfiTransport::fromConfig(
            QueueDirectory::resolve($this->config['queue'] ?? null, $this->credentials),
            $this->credentials->id(),
            $this->config,
        );
    }

    /**
     * Create the transport that calls the server's HTTP API.
     */
    private function http(): HttpTransport
    {
        return HttpTransport::fromConfig(
            $this->credentials,
            $this->signer,
            $this->config['http'] ?? [],
            (string) ($this->config['server']['path_prefix'] ?? ''),
        );
    }

    /**
     * Create the HTTP transport because the extension is missing, and say so.
     */
    private function fallback(): HttpTransport
    {
        $transport = $this->http();

        ($this->onFallback)("The canyon PHP extension is not loaded, so events are broadcast over HTTP to {$transport->url()}, which takes longer. Install the extension, or set CANYON_TRANSPORT to \"http\" if this is what you want.");

        return $transport;
    }
}
