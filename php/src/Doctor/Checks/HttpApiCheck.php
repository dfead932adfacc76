<?php

namespace Canyon\Doctor\Checks;

use Canyon\Doctor\Check;
use Canyon\Doctor\Connection;
use Canyon\Doctor\Finding;
use Canyon\Doctor\Installation;
use Canyon\Exception;

/**
 * The server's HTTP API, asked as Laravel would ask it: is it there, and does it believe what the application signs?
 */
final class HttpApiCheck implements Check
{
    /**
     * How many seconds the clocks may differ until the server believes nothing any more.
     */
    private const CLOCK_TOLERANCE = 600;

    /**
     * Look at one part of the installation.
     *
     * @return iterable<Finding>
     */
    public function __invoke(Installation $installation): iterable
    {
        $subject = 'HTTP API';

        try {
            $address = $installation->apiAddress();
        } catch (Exception $e) {
            yield Finding::failed($subject, $e->getMessage(), 'CANYON_HOST, CANYON_PORT and CANYON_SCHEME say where the application reaches the server.');

            return;
        }

        try {
            $before = time();
            ['status' => $status, 'headers' => $headers, 'body' => $body] = Connection::get($address, '/up');
        } catch (Exception $e) {
            $why = "{$address} cannot be reached: {$e->getMessage()}";
            $advice = 'Is the server running, and do CANYON_HOST, CANYON_PORT and CANYON_SCHEME lead to it?';

            yield $installation->transport() === 'http'
                ? Finding::failed($subject, $why, $advice)
                : Finding::warning($subject, $why, "{$advice} The transport \"{$installation->transport()}\" does not need it, but web requests without the extension do.");

            foreach (['Clocks', 'App ID, key and secret'] as $skipped) {
                yield Finding::skipped($skipped, 'there is no answer to compare with');
            }

            return;
        }

        yield $status === 200 && str_contains($body, '"health"')
            ? Finding::passed($subject, "{$address} is healthy")
            : Finding::failed($subject, "{$address}/up answers with status {$status}, not as Canyon does", 'Do CANYON_HOST, CANYON_PORT and CANYON_SCHEME lead to the server, and is CANYON_PATH_PREFIX the same there? A proxy must pass /app, /apps and /up on.');

        yield $this->clocks($headers['date'] ?? '', $before);
        yield $this->signature($installation);
    }

    /**
     * Compare the clocks.
     */
    private function clocks(string $date, int $before): Finding
    {
        if (($server = strtotime($date)) === false) {
            return Finding::skipped('Clocks', 'the answer has no date');
        }

        // The answer was made at some moment between the two.
        $difference = max($before - $server, $server - time(), 0);

        return match (true) {
            $difference >= self::CLOCK_TOLERANCE => Finding::failed('Clocks', "the server's clock and this one differ by {$difference} seconds, so it refuses what is signed here", 'Set both with NTP.'),
            $difference > 30 => Finding::warning('Clocks', "the server's clock and this one differ by {$difference} seconds", 'Set both with NTP: from '.self::CLOCK_TOLERANCE.' seconds on, the server refuses what is signed here.'),
            default => Finding::passed('Clocks', "the server's and this one agree"),
        };
    }

    /**
     * Have the server check a signature.
     */
    private function signature(Installation $installation): Finding
    {
        $subject = 'App ID, key and secret';
        $id = $installation->credentials->id();
        $path = "/apps/{$id}/channels";
        $query = $installation->signer->request('GET', $path, '', time());

        try {
            ['status' => $status, 'body' => $body] = Connection::get($installation->apiAddress(), $path.'?'.http_build_query($query, '', '&', PHP_QUERY_RFC3986));
        } catch (Exception $e) {
            return Finding::failed($subject, "GET {$path}: {$e->getMessage()}", 'Look at what the server has logged. A proxy must pass /apps on to it.');
        }

        $same = 'The server was started with other settings: give it the same, and start it anew ([php artisan canyon:start] reads them only once).';

        return match (true) {
            $status === 200 => Finding::passed($subject, "the server believes what is signed for app [{$id}]"),
            $status === 401 && str_contains($body, 'Unknown auth_key') => Finding::failed($subject, "the server has another key for app [{$id}] than [{$installation->credentials->key()}]", "Compare CANYON_APP_KEY. {$same}"),
            $status === 401 && str_starts_with($body, 'Timestamp') => Finding::failed($subject, 'the server refuses the time of the request', 'Set both clocks with NTP.'),
            $status === 401 => Finding::failed($subject, "the server has another secret for app [{$id}]", "Compare CANYON_APP_SECRET. {$same}"),
            $status === 404 && str_contains($body, 'No app') => Finding::failed($subject, "the server has no app with the ID [{$id}]", "Compare CANYON_APP_ID. {$same}"),
            $status === 403 => Finding::failed($subject, "the app [{$id}] is switched off in the settings of the server", 'Set "enabled" to true there.'),
            default => Finding::failed($subject, "GET {$path} answers with status {$status}: ".mb_strimwidth(trim(mb_scrub($body)), 0, 100, '...'), 'A proxy must pass /apps on to the server, with CANYON_PATH_PREFIX before it if that is set.'),
        };
    }
}
