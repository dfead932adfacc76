<?php

namespace Canyon\Doctor\Checks;

use Canyon\Doctor\Check;
use Canyon\Doctor\Connection;
use Canyon\Doctor\Finding;
use Canyon\Doctor\Installation;
use Canyon\Exception;
use Canyon\ServerAddress;
use Canyon\Webhooks\WebhookRoute;

/**
 * Posts a webhook without events to the application, as a server outside of PHP would do.
 */
final class WebhookCheck implements Check
{
    /**
     * Look at one part of the installation.
     *
     * @return iterable<Finding>
     */
    public function __invoke(Installation $installation): iterable
    {
        $subject = 'Webhooks';

        if (($webhook = $installation->webhook()) === null) {
            yield Finding::skipped($subject, 'the application listens for nothing that a server would post to it');

            return;
        }

        $url = WebhookRoute::withoutSecrets($webhook['url']);
        $events = implode(', ', $webhook['events']);

        try {
            ['status' => $status, 'body' => $body] = $this->post($installation, $webhook['url']);
        } catch (Exception $e) {
            yield $this->warning("{$url} cannot be reached from here: {$e->getMessage()}");

            return;
        }

        yield $status === 200
            ? Finding::passed($subject, "{$url} takes them ({$events})")
            : $this->warning(rtrim("{$url} answers with status {$status}: ".(json_decode($body, true)['message'] ?? ''), ': '));
    }

    /**
     * Post a webhook that tells of nothing.
     *
     * @return array{status: int, headers: array<string, string>, body: string}
     */
    private function post(Installation $installation, string $url): array
    {
        $body = json_encode(['time_ms' => (int) (microtime(true) * 1000), 'events' => []], JSON_THROW_ON_ERROR);

        $query = (string) parse_url($url, PHP_URL_QUERY);
        $user = rawurldecode((string) parse_url($url, PHP_URL_USER));

        return Connection::post(ServerAddress::fromUrl($url), $query === '' ? '' : "?{$query}", $body, array_filter([
            'Accept' => 'application/json',
            'Authorization' => $user === '' ? '' : 'Basic '.base64_encode($user.':'.rawurldecode((string) parse_url($url, PHP_URL_PASS))),
            'Content-Type' => 'application/json',
            'X-Pusher-Key' => $installation->credentials->key(),
            'X-Pusher-Signature' => hash_hmac('sha256', $body, $installation->credentials->secret()),
        ]));
    }

    /**
     * Create the finding that nothing is heard; nobody needs webhooks who hosts the server in artisan.
     */
    private function warning(string $detail): Finding
    {
        return Finding::warning('Webhooks', $detail, 'A server started with --sidecar, or without artisan, posts there what the application listens for. Set CANYON_WEBHOOK_URL (or APP_URL) to an address under which it reaches the application.');
    }
}
