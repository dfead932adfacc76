<?php

namespace Canyon\Tests\Unit;

use Canyon\Events\ClientEvent;
use Carbon\CarbonImmutable;
use JsonException;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

final class ClientEventTest extends TestCase
{
    #[DataProvider('data')]
    public function test_the_data_is_decoded_when_asked_for(mixed $expected, string $data, array $arguments = []): void
    {
        $event = $this->event($data);

        $this->assertSame($expected, $event->json(...$arguments));
        $this->assertSame($data, $event->data);
    }

    public static function data(): iterable
    {
        yield 'an object' => [['name' => 'Zoë', 'at' => ['x' => 1.0]], '{"name":"Zoë", "at":{"x":1.0}}'];
        yield 'an empty object' => [[], '{}'];
        yield 'a text' => ['hello', '"hello"'];
        yield 'nothing' => [null, 'null'];
        yield 'a number PHP has no integer for' => [['id' => '12345678901234567890123'], '{"id":12345678901234567890123}'];
        yield 'an item' => ['Zoë', '{"name":"Zoë"}', ['name']];
        yield 'an item of an item' => [2, '{"at":{"x":1,"y":2}}', ['at.y']];
        yield 'an item that is not there' => [null, '{"name":"Zoë"}', ['age']];
        yield 'an item that is not there, with a default' => [18, '{"name":"Zoë"}', ['age', 18]];
        yield 'an item of what is no object' => [18, '"hello"', ['age', 18]];
    }

    public function test_data_that_cannot_be_decoded_is_an_exception(): void
    {
        $event = $this->event(str_repeat('[', 600).str_repeat(']', 600));

        $this->expectException(JsonException::class);
        $this->expectExceptionMessage('Maximum stack depth exceeded');

        $event->json();
    }

    private function event(string $data): ClientEvent
    {
        return new ClientEvent('4242', 'private-a', 'client-typing', $data, '12.34', null, CarbonImmutable::now());
    }
}
