<?php

namespace Canyon\Doctor\Checks;

use Canyon\Doctor\Check;
use Canyon\Doctor\Finding;
use Canyon\Doctor\Installation;
use Canyon\Doctor\Refusal;
use Canyon\Doctor\WebSocket;
use Canyon\Exception;
use Canyon\QueueDirectory;
use JsonException;

/**
 * Connects as a browser does, subscribes to a channel of its own, and publishes an event to it as the application does.
 */
final class WebSocketCheck implements Check
{
    /**
     * Look at one part of the installation.
     *
     * @return iterable<Finding>
     */
    public function __invoke(Installation $installation): iterable
    {
        $delivery = 'An event to a browser';

        try {
            $address = $installation->publicAddress();
            $shown = "{$address}/app/{$installation->credentials->key()}";
            $socket = new WebSocket($address, $installation->credentials->key(), $installation->origin());
            $this->expect($socket, 'pusher:connection_established');
        } catch (Exception|JsonException $e) {
            yield Finding::failed('WebSocket', isset($shown) ? "{$shown}: {$e->getMessage()}" : $e->getMessage(), $this->advice($e, $installation));
            yield Finding::skipped($delivery, 'there is no connection to receive it');

            return;
        }

        yield Finding::passed('WebSocket', "{$shown} (from {$installation->publicAddressSource()})");
        yield $this->delivery($delivery, $socket, $installation);

        $socket->close();
    }

    /**
     * Publish an event, and wait for it.
     */
    private function delivery(string $subject, WebSocket $socket, Installation $installation): Finding
    {
        $channel = 'canyon-doctor-'.bin2hex(random_bytes(8));
        $transport = $installation->transport();

        if ($transport !== 'http' && QueueDirectory::isForeignToRoot($installation->queue())) {
            return Finding::skipped($subject, 'this process runs as root, for whom the queue is not meant; run this command as the user it belongs to');
        }

        try {
            $socket->send(['event' => 'pusher:subscribe', 'data' => ['channel' => $channel]]);
            $this->expect($socket, 'pusher_internal:subscription_succeeded');
        } catch (Exception|JsonException $e) {
            return Finding::failed($subject, "the server does not answer a subscription: {$e->getMessage()}", 'Look at what the server has logged, and whether a proxy in between has cut the connection.');
        }

        try {
            $installation->transports()->make()->publish([$channel], 'canyon-doctor', '{}');
        } catch (Exception $e) {
            return Finding::failed($subject, "publishing by \"{$transport}\" fails: {$e->getMessage()}", 'See what is said of the transport and of the queue above.');
        }

        try {
            $this->expect($socket, 'canyon-doctor');
        } catch (Exception|JsonException $e) {
            $where = $transport === 'http' ? "the server at {$installation->apiAddress()}" : "the queue [{$installation->queue()}]";

            return Finding::failed($subject, "it was published to {$where} and did not arrive at {$installation->publicAddress()}: {$e->getMessage()}", 'Is it the same server? Compare CANYON_QUEUE, CANYON_APP_ID and the addresses with its settings.');
        }

        return Finding::passed($subject, "published by \"{$transport}\", and it arrived");
    }

    /**
     * Wait for an event of this name; a refusal comes as another one, with the reason in it.
     */
    private function expect(WebSocket $socket, string $name): void
    {
        $event = $socket->next();

        if (($event['event'] ?? null) === 'pusher:error') {
            throw new Refusal((int) ($event['data']['code'] ?? 0), trim(($event['data']['code'] ?? '').' '.($event['data']['message'] ?? '')));
        }

        if (($event['event'] ?? null) !== $name) {
            throw new Exception("instead of [{$name}] the server sent [".mb_strimwidth((string) json_encode($event), 0, 100, '...').']');
        }
    }

    /**
     * Get what to do about a connection that was not to be had.
     */
    private function advice(Exception|JsonException $e, Installation $installation): string
    {
        $address = "The address is from {$installation->publicAddressSource()}; another one can be tried with --url.";

        if (! $e instanceof Refusal) {
            return "Is the server running, and does the address lead to it, through every proxy and firewall? {$address}";
        }

        return match ($e->getCode()) {
            4000 => 'The app only takes connections over TLS: have Echo use it, or set "requires_tls" to false in the settings of the server.',
            4001 => 'Compare CANYON_APP_KEY. The server was started with other settings: give it the same, and start it anew.',
            4003 => 'Set "enabled" to true in the settings of the server.',
            4004 => 'Raise CANYON_APP_MAX_CONNECTIONS and start the server anew, or find out who holds all those connections.',
            4006, 4007 => 'The server is of another version than this package: install both from the same release.',
            4009 => "Add the host of APP_URL [{$installation->origin()}] to CANYON_APP_ALLOWED_ORIGINS, and start the server anew.",
            4005, 404 => "Is CANYON_PATH_PREFIX the same here and in the server, and does a proxy in between pass /app on to it? {$address}",
            502, 503, 504 => "A proxy answers, but not the server behind it: is that running, and does the proxy lead to its port? {$address}",
            default => "What answers there is not Canyon, or a proxy does not pass WebSocket connections on: with nginx, set proxy_http_version 1.1 and the headers Upgrade and Connection. {$address}",
        };
    }
}
