<?php

namespace Canyon\Dashboard;

use Canyon\Broadcasting\ReservedChannels;
use Canyon\CanyonManager;
use Canyon\Credentials;
use Canyon\ServerAddress;
use Illuminate\Contracts\Config\Repository;
use Illuminate\Http\Request;

/**
 * What the page has to know before it can ask for anything.
 */
final class PageSettings
{
    /**
     * Create a new instance.
     */
    public function __construct(
        private readonly Settings $settings,
        private readonly CanyonManager $canyon,
        private readonly Repository $config,
        private readonly ActingUser $users,
    ) {
        //
    }

    /**
     * Get the settings of the page.
     *
     * @return array<string, mixed>
     */
    public function toArray(Request $request): array
    {
        $connection = $this->canyon->configuration($this->canyon->getDefaultConnection());
        $default = (string) $this->config->get('broadcasting.default');
        $driver = $this->config->get("broadcasting.connections.{$default}.driver");

        return [
            'application' => (string) $this->config->get('app.name'),
            'base' => $this->base($request),
            'token' => $request->hasSession() ? $request->session()->token() : null,
            'socket' => $this->socket($connection),
            'channels' => ['dashboard' => ReservedChannels::DASHBOARD, 'payloads' => ReservedChannels::PAYLOADS],
            'payloads' => $this->settings->allows('payloads'),
            'sender' => $this->settings->allows('sender'),
            'debugger' => $this->settings->allows('debugger'),
            'guards' => $this->settings->allows('debugger') ? $this->users->guards() : [],
            // What is broadcast goes elsewhere, if it goes anywhere.
            'elsewhere' => $driver === 'canyon' ? null : $default,
        ];
    }

    /**
     * Get the path under which the page is seen, without a slash behind it.
     */
    public function base(Request $request): string
    {
        return rtrim($request->getBaseUrl().'/'.$this->settings->path(), '/');
    }

    /**
     * Get where browsers find the WebSocket server, and whether that was said in so many words.
     *
     * @param  array<string, mixed>  $connection
     * @return array<string, mixed>
     */
    private function socket(array $connection): array
    {
        $url = $this->settings->webSocketUrl();

        $address = $url === null
            ? ServerAddress::fromConfig($connection['http'] ?? [], (string) ($connection['server']['path_prefix'] ?? ''))
            : ServerAddress::fromUrl($url);

        return [
            'key' => (new Credentials($connection['app'] ?? []))->key(),
            'tls' => $address->scheme === 'https',
            'host' => $address->host,
            'port' => $address->port,
            'path' => $address->pathPrefix,
            'fixed' => $url !== null,
        ];
    }
}
