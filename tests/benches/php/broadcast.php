<?php

/**
 * Takes the time of Laravel's broadcast() of a ShouldBroadcastNow event, with one driver after the other.
 *
 *   broadcast.php ROUNDS COUNT    in each round COUNT events with each driver
 */

require __DIR__.'/measure.php';
require __DIR__.'/../../php/autoload.php';

use Canyon\Tests\Support\Skeleton;
use Illuminate\Broadcasting\Broadcasters\NullBroadcaster;
use Illuminate\Broadcasting\BroadcastException;
use Illuminate\Broadcasting\Channel;
use Illuminate\Contracts\Broadcasting\ShouldBroadcastNow;
use Illuminate\Contracts\Console\Kernel;
use Illuminate\Support\Facades\Broadcast;

class OrderShipped implements ShouldBroadcastNow
{
    public function __construct(public int $order, public string $customer, public string $pad)
    {
        //
    }

    public function broadcastOn(): Channel
    {
        return new Channel('orders');
    }
}

/**
 * Does of what any driver must do the one thing that nobody can save: it encodes the payload.
 */
class EncodingBroadcaster extends NullBroadcaster
{
    public function broadcast(array $channels, $event, array $payload = [])
    {
        json_encode($payload, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
    }
}

$_SERVER = ['APP_KEY' => 'base64:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', 'LOG_CHANNEL' => 'single'] + $_SERVER;

$skeleton = Skeleton::create();

try {
    $app = require $skeleton->path.'/bootstrap/app.php';
    $app->make(Kernel::class)->bootstrap();

    config(['broadcasting.connections.canyon' => ['driver' => 'canyon', 'transport' => 'extension']]);
    config(['broadcasting.connections.canyon-http' => ['driver' => 'canyon', 'transport' => 'http']]);

    config(['broadcasting.connections.encoding' => ['driver' => 'encoding']]);
    Broadcast::extend('encoding', fn () => new EncodingBroadcaster);

    [, $rounds, $count] = $argv;

    for ($round = 0; $round < (int) $rounds; $round++) {
        foreach (['null', 'encoding', 'canyon', 'log', 'canyon-http'] as $driver) {
            config(['broadcasting.default' => $driver]);
            series($driver, samples((int) $count));
        }

        series('clock', clock((int) $count));
    }
} finally {
    $skeleton->delete();
}

/**
 * @return list<int>
 */
function samples(int $count): array
{
    $samples = [];

    // The first ones create the driver, connect, attach and fill the caches of the processor.
    for ($number = -50; $number < $count; $number++) {
        $event = new OrderShipped($number, 'Ada Lovelace', str_repeat('x', 240));

        try {
            $start = hrtime(true);
            broadcast($event);
            $end = hrtime(true);
        } catch (BroadcastException) {
            // On a busy machine the server may not run for as long as the queue takes to fill.
            usleep(5000);

            continue;
        }

        if ($number >= 0) {
            $samples[] = $end - $start;
        }
    }

    return $samples;
}

/**
 * @return list<int>
 */
function clock(int $count): array
{
    $samples = [];

    for ($number = 0; $number < $count; $number++) {
        $start = hrtime(true);
        $samples[] = hrtime(true) - $start;
    }

    return $samples;
}
