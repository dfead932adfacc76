<?php

namespace Canyon\Tests\Server;

use Canyon\Tests\Fixtures\ItemUpdated;
use Illuminate\Broadcasting\Channel;
use Illuminate\Support\Facades\Broadcast;
use Illuminate\Support\Facades\DB;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;

/**
 * Events and transactions of an application whose queue nobody works on, and a real subscriber.
 */
#[RequiresPhpExtension('canyon')]
#[RequiresPhpExtension('pdo_sqlite')]
final class ImmediateBroadcastingTest extends ServerTestCase
{
    protected function setUp(): void
    {
        $this->environment['QUEUE_CONNECTION'] = 'database';
        $this->environment['DB_CONNECTION'] = 'sqlite';
        $this->environment['DB_DATABASE'] = ':memory:';

        parent::setUp();
    }

    public function test_an_event_arrives_when_its_transaction_is_committed_and_only_then(): void
    {
        $this->start();
        $client = $this->connect();
        $client->subscribe('items');

        DB::beginTransaction();
        event(new ItemUpdated('rolled back'));
        DB::rollBack();

        DB::beginTransaction();
        event(new ItemUpdated('committed'));
        // What comes first was sent first.
        Broadcast::on('items')->as('fence')->sendNow();
        $client->expect('fence');
        DB::commit();

        $this->assertSame('{"name":"committed","quantity":1}', $client->expect('item.updated')['data']);
    }

    public function test_an_event_for_more_channels_than_pusher_takes_arrives_on_all_of_them(): void
    {
        $this->start();
        $client = $this->connect();
        $channels = array_map(static fn (int $n) => "channel-{$n}", range(1, 250));
        array_map($client->subscribe(...), ['channel-1', 'channel-101', 'channel-250']);

        Broadcast::on(array_map(static fn (string $name) => new Channel($name), $channels))->as('E')->send();

        $this->assertSame(['channel-1', 'channel-101', 'channel-250'], array_map(static fn () => $client->expect('E')['channel'], range(1, 3)));
    }
}
