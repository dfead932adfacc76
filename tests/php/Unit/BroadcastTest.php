<?php

namespace Canyon\Tests\Unit;

use Canyon\Broadcasting\CanyonBroadcaster;
use Canyon\Broadcasting\Delivery;
use Canyon\Broadcasting\OnFull;
use Canyon\Credentials;
use Canyon\Exception;
use Canyon\QueueFull;
use Canyon\Signer;
use Canyon\Tests\Support\RecordingTransport;
use Illuminate\Broadcasting\BroadcastException;
use Illuminate\Broadcasting\Channel;
use Illuminate\Broadcasting\PresenceChannel;
use Illuminate\Broadcasting\PrivateChannel;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use Throwable;

final class BroadcastTest extends TestCase
{
    private RecordingTransport $transport;

    protected function setUp(): void
    {
        $this->transport = new RecordingTransport;
    }

    public function test_an_event_is_handed_over_with_its_channels_as_strings(): void
    {
        $this->broadcaster()->broadcast(
            [new Channel('lobby'), new PrivateChannel('orders.1'), new PresenceChannel('room.1'), 'plain'], 'App\Events\Shipped', ['order' => 1],
        );

        $this->assertSame([[
            'channels' => ['lobby', 'private-orders.1', 'presence-room.1', 'plain'],
            'event' => 'App\Events\Shipped',
            'data' => '{"order":1}',
            'except' => null,
        ]], $this->transport->published);
    }

    public function test_a_channel_named_twice_gets_the_event_once(): void
    {
        $this->broadcaster()->broadcast([2 => new Channel('lobby'), 5 => 'lobby', 7 => 'other'], 'E');

        $this->assertSame(['lobby', 'other'], $this->transport->published[0]['channels']);
    }

    public function test_more_than_a_hundred_channels_are_one_event(): void
    {
        $channels = array_map(static fn (int $n) => "channel-{$n}", range(1, 250));

        $this->broadcaster()->broadcast($channels, 'E');

        $this->assertCount(1, $this->transport->published);
        $this->assertSame($channels, $this->transport->published[0]['channels']);
    }

    public function test_no_channels_are_no_event(): void
    {
        $this->broadcaster()->broadcast([], 'E', ['a' => 1]);

        $this->assertSame([], $this->transport->published);
    }

    public function test_an_event_for_many_channels_is_published_once(): void
    {
        $this->broadcaster()->broadcast($channels = array_map(static fn (int $n) => "channel-{$n}", range(1, 250)), 'E');

        $this->assertSame([$channels], array_column($this->transport->published, 'channels'));
    }

    public function test_the_socket_is_left_out_of_the_payload_and_of_the_recipients(): void
    {
        $this->broadcaster()->broadcast(['lobby'], 'E', ['socket' => '12.34', 'a' => 1]);

        $this->assertSame('{"a":1}', $this->transport->published[0]['data']);
        $this->assertSame('12.34', $this->transport->published[0]['except']);
    }

    #[DataProvider('sockets')]
    public function test_what_is_no_socket_id_excludes_nobody(mixed $socket): void
    {
        $this->broadcaster()->broadcast(['lobby'], 'E', ['socket' => $socket]);

        $this->assertNull($this->transport->published[0]['except']);
        $this->assertSame('[]', $this->transport->published[0]['data']);
    }

    public static function sockets(): iterable
    {
        return [[null], [''], ['undefined'], ['12'], ["1.2\n"], ['1.2:private-x'], [['1.2']], [1.5]];
    }

    #[DataProvider('payloads')]
    public function test_the_payload_is_encoded_as_clients_expect_it(string $expected, array $payload): void
    {
        $this->broadcaster()->broadcast(['lobby'], 'E', $payload);

        $this->assertSame($expected, $this->transport->published[0]['data']);
        $this->assertEquals(json_decode(json_encode($payload)), json_decode($expected), 'A client parses the same as with Laravel\'s own drivers.');
    }

    public static function payloads(): iterable
    {
        yield 'nothing' => ['[]', []];
        yield 'text' => ['{"name":"Zoë ☃ 日本 🎉"}', ['name' => 'Zoë ☃ 日本 🎉']];
        yield 'slashes' => ['{"url":"https://example.com/a"}', ['url' => 'https://example.com/a']];
        yield 'what ends a script' => ['{"html":"</script>"}', ['html' => '</script>']];
        yield 'quotes and control characters' => ['{"t":"\"\\\\\n\u0000"}', ['t' => "\"\\\n\0"]];
        yield 'line separators' => ['{"t":"\u2028"}', ['t' => "\u{2028}"]];
        yield 'floats' => ['{"a":0.1,"b":10,"c":1.0e+25}', ['a' => 0.1, 'b' => 10.0, 'c' => 1e25]];
        yield 'large integers' => ['{"a":9223372036854775807}', ['a' => PHP_INT_MAX]];
        yield 'empty arrays and objects' => ['{"list":[],"map":{}}', ['list' => [], 'map' => (object) []]];
        yield 'null and booleans' => ['{"a":null,"b":true,"c":false}', ['a' => null, 'b' => true, 'c' => false]];
        yield 'a list' => ['["a","b"]', ['a', 'b']];
    }

    #[DataProvider('failures')]
    public function test_a_failure_names_the_event_and_the_cause(Throwable $cause): void
    {
        $this->transport = new RecordingTransport($cause);

        try {
            $this->broadcaster()->broadcast(['lobby'], 'App\Events\Shipped');
        } catch (BroadcastException $e) {
            $this->assertSame("Failed to broadcast event [App\Events\Shipped]: {$cause->getMessage()}", $e->getMessage());
            $this->assertSame($cause, $e->getPrevious());

            return;
        }

        $this->fail('No exception was thrown.');
    }

    public static function failures(): iterable
    {
        return [[new Exception('The server is gone.')], [new QueueFull('The queue is full.')]];
    }

    #[DataProvider('choices')]
    public function test_only_a_full_queue_is_passed_over(OnFull $onFull): void
    {
        $this->transport = new RecordingTransport(new Exception('The server is gone.'));

        $this->expectExceptionMessage('The server is gone.');

        $this->broadcaster(onFull: $onFull)->broadcast(['lobby'], 'E');
    }

    public static function choices(): iterable
    {
        return array_map(static fn (OnFull $onFull) => [$onFull], OnFull::cases());
    }

    public function test_an_event_without_room_is_dropped_without_a_word_where_that_is_the_choice(): void
    {
        $this->transport = new RecordingTransport(new QueueFull('The queue is full.'));

        $this->broadcaster(onFull: OnFull::Drop)->broadcast(['lobby'], 'E');

        $this->assertSame([], $this->transport->published);
    }

    public function test_the_transport_is_made_with_the_first_event_and_only_then(): void
    {
        $made = 0;
        $broadcaster = new CanyonBroadcaster(new Signer(new Credentials([])), function () use (&$made) {
            $made++;

            return new Delivery($this->transport);
        });

        $this->assertSame(0, $made);

        $broadcaster->broadcast(['lobby'], 'E');
        $broadcaster->broadcast(['lobby'], 'F');

        $this->assertSame(1, $made);
        $this->assertSame(['E', 'F'], array_column($this->transport->published, 'event'));
    }

    public function test_a_payload_that_is_not_json_names_the_event(): void
    {
        $this->expectException(BroadcastException::class);
        $this->expectExceptionMessage('Failed to broadcast event [App\Events\Shipped]: Malformed UTF-8 characters');

        $this->broadcaster()->broadcast(['lobby'], 'App\Events\Shipped', ['name' => "\xff"]);
    }

    public function test_nothing_is_sent_in_the_clear_to_an_encrypted_channel(): void
    {
        $this->broadcaster(base64_encode(random_bytes(32)))->broadcast(['lobby', 'private-encrypted-orders', 'items', 'lobby'], 'E', ['a' => 'secret', 'socket' => '12.34']);

        $this->assertSame([['lobby'], ['private-encrypted-orders'], ['items']], array_column($this->transport->published, 'channels'));
        $this->assertSame(['E', 'E', 'E'], array_column($this->transport->published, 'event'));
        $this->assertSame(['12.34', '12.34', '12.34'], array_column($this->transport->published, 'except'));
        $this->assertSame(['{"a":"secret"}', '{"a":"secret"}'], [$this->transport->published[0]['data'], $this->transport->published[2]['data']]);
        $this->assertStringNotContainsString('secret', $this->transport->published[1]['data']);
    }

    #[DataProvider('plainChannels')]
    public function test_a_channel_whose_name_only_holds_the_words_is_not_encrypted(string $channel): void
    {
        $this->broadcaster()->broadcast([$channel], 'E', ['a' => 1]);

        $this->assertSame('{"a":1}', $this->transport->published[0]['data']);
    }

    public static function plainChannels(): iterable
    {
        return [['private-encryptedorders'], ['my-private-encrypted-orders'], ['Private-encrypted-orders'], ['presence-encrypted-orders']];
    }

    public function test_nothing_is_sent_at_all_if_a_part_of_it_cannot_be_encrypted(): void
    {
        try {
            $this->broadcaster()->broadcast(['lobby', 'private-encrypted-orders'], 'App\Events\Shipped', ['a' => 1]);

            $this->fail('No exception was thrown.');
        } catch (BroadcastException $e) {
            $this->assertStringContainsString('[App\Events\Shipped]: Encrypted channels need a master key', $e->getMessage());
        }

        $this->assertSame([], $this->transport->published);
    }

    private function broadcaster(?string $masterKey = null, OnFull $onFull = OnFull::Throw): CanyonBroadcaster
    {
        return new CanyonBroadcaster(new Signer(new Credentials([])), fn () => new Delivery($this->transport, $onFull), $masterKey);
    }
}
