<?php

namespace Canyon;

use Stringable;

/**
 * Where a server is reached: by the application over HTTP, by browsers over WebSocket.
 */
final class ServerAddress implements Stringable
{
    /**
     * Create a new server address.
     */
    private function __construct(
        public readonly string $scheme,
        public readonly string $host,
        public readonly int $port,
        public readonly string $pathPrefix,
    ) {
        //
    }

    /**
     * Create an address from the "http" section of the configuration.
     *
     * @param  array<string, mixed>  $http
     */
    public static function fromConfig(array $http, string $pathPrefix = ''): self
    {
        $scheme = (string) ($http['scheme'] ?? 'http');
        $host = preg_replace('~\Ahttps?://~', '', rtrim((string) ($http['host'] ?? ''), '/'));

        if ($host === '' || ! in_array($scheme, ['http', 'https'], true)) {
            throw new InvalidConfiguration("Canyon cannot publish to [{$scheme}://{$host}]. Set CANYON_HOST to the server's host name and CANYON_SCHEME to \"http\" or \"https\".");
        }

        if (str_contains($host, ':') && ! str_starts_with($host, '[')) {
            $host = "[{$host}]";
        }

        $port = $http['port'] ?? ($scheme === 'https' ? 443 : 8080);

        if (filter_var($port, FILTER_VALIDATE_INT, ['options' => ['min_range' => 1, 'max_range' => 65535]]) === false) {
            throw new InvalidConfiguration('The port of the Canyon server must be a number between 1 and 65535, not ['.(is_scalar($port) ? $port : gettype($port)).']. Set CANYON_PORT.');
        }

        return new self($scheme, $host, (int) $port, self::normalize($pathPrefix));
    }

    /**
     * Create an address from a URL.
     */
    public static function fromUrl(string $url): self
    {
        $parts = parse_url($url);
        $scheme = ['ws' => 'http', 'wss' => 'https'][$parts['scheme'] ?? ''] ?? $parts['scheme'] ?? '';

        if (! is_array($parts) || ! isset($parts['host']) || ! in_array($scheme, ['http', 'https'], true)) {
            throw new InvalidConfiguration("The address [{$url}] is not one of a server: it has the form \"https://example.com\" or \"http://127.0.0.1:8080\".");
        }

        return new self($scheme, $parts['host'], $parts['port'] ?? ($scheme === 'https' ? 443 : 80), self::normalize($parts['path'] ?? ''));
    }

    /**
     * Get the address as a URL.
     */
    public function __toString(): string
    {
        return "{$this->scheme}://{$this->host}:{$this->port}{$this->pathPrefix}";
    }

    /**
     * Get a path prefix with a slash before it and none behind it.
     */
    private static function normalize(string $pathPrefix): string
    {
        $prefix = trim($pathPrefix, '/');

        return $prefix === '' ? '' : "/{$prefix}";
    }
}
