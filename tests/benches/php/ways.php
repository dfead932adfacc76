<?php

/**
 * Hands over the same event in several ways and takes the time of each.
 *
 *   ways.php COUNT REDIS_PORT DATAGRAM_SOCKET
 */

require __DIR__.'/measure.php';
require __DIR__.'/../../php/autoload.php';

use Canyon\Credentials;
use Canyon\Publisher;
use Canyon\QueueFull;
use Canyon\Signer;

const BATCH = 100;

[, $count, $port, $socket] = $argv;

$publisher = new Publisher(setting('CANYON_QUEUE'), setting('CANYON_APP_ID'));

$redis = new Redis;
$redis->pconnect('127.0.0.1', (int) $port);

$datagrams = stream_socket_client("udg://{$socket}");

$ways = [
    'redis' => fn (string $payload) => $redis->publish('orders', $payload),
    'datagram' => fn (string $payload) => fwrite($datagrams, $payload),
    'http' => http(...),
];

series('publish', batches($publisher, (int) $count), BATCH);

foreach ($ways as $name => $way) {
    series($name, each($way, (int) $count));
}

series('clock', each(null, (int) $count));

/**
 * @return list<int>
 */
function batches(Publisher $publisher, int $count): array
{
    $samples = [];

    for ($done = 0; $done < 10 * $count; $done += BATCH) {
        $payloads = array_map(payload(...), range($done, $done + BATCH - 1));

        try {
            $start = hrtime(true);
            foreach ($payloads as $payload) {
                $publisher->publish('orders', 'OrderShipped', $payload);
            }
            $samples[] = hrtime(true) - $start;
        } catch (QueueFull) {
            usleep(2000);
        }
    }

    return $samples;
}

/**
 * @return list<int>
 */
function each(?Closure $way, int $count): array
{
    $samples = [];

    // The first ones connect.
    for ($number = -20; $number < $count; $number++) {
        $payload = payload($number);

        $start = hrtime(true);
        $way && $way($payload);
        $time = hrtime(true) - $start;

        if ($number >= 0) {
            $samples[] = $time;
        }
    }

    return $samples;
}

/**
 * Publish as the libraries of the Pusher protocol do: a signed request over one connection.
 */
function http(string $payload): void
{
    static $curl, $signer;

    $curl ??= curl_init();
    $signer ??= new Signer(new Credentials([
        'id' => setting('CANYON_APP_ID'),
        'key' => setting('CANYON_APP_KEY'),
        'secret' => setting('CANYON_APP_SECRET'),
    ]));

    $path = '/apps/'.setting('CANYON_APP_ID').'/events';
    $body = json_encode(['name' => 'OrderShipped', 'channel' => 'orders', 'data' => $payload]);
    $query = http_build_query($signer->request('POST', $path, $body, time()));

    curl_setopt_array($curl, [
        CURLOPT_URL => 'http://'.setting('CANYON_HOST').':'.setting('CANYON_PORT')."{$path}?{$query}",
        CURLOPT_POSTFIELDS => $body,
        CURLOPT_HTTPHEADER => ['Content-Type: application/json'],
        CURLOPT_RETURNTRANSFER => true,
    ]);

    if (curl_exec($curl) === false || curl_getinfo($curl, CURLINFO_RESPONSE_CODE) !== 200) {
        throw new RuntimeException('The server did not take the event: '.curl_error($curl));
    }
}
