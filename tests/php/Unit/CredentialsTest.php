<?php

namespace Canyon\Tests\Unit;

use Canyon\Credentials;
use Canyon\InvalidConfiguration;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

final class CredentialsTest extends TestCase
{
    public function test_the_parts_are_strings_whatever_the_environment_made_of_them(): void
    {
        $credentials = new Credentials(['id' => 4242, 'key' => 'key', 'secret' => 'secret']);

        $this->assertSame(['4242', 'key', 'secret'], [$credentials->id(), $credentials->key(), $credentials->secret()]);
    }

    #[DataProvider('missing')]
    public function test_a_missing_part_names_the_variables_to_set(string $part, mixed $value): void
    {
        $credentials = new Credentials([$part => $value]);
        $variable = strtoupper($part);

        $this->expectException(InvalidConfiguration::class);
        $this->expectExceptionMessage("Set CANYON_APP_{$variable} (or REVERB_APP_{$variable})");

        $credentials->{$part}();
    }

    public static function missing(): iterable
    {
        foreach (['id', 'key', 'secret'] as $part) {
            yield "{$part}, null" => [$part, null];
            yield "{$part}, empty" => [$part, ''];
            yield "{$part}, not a string" => [$part, true];
        }
    }

    #[DataProvider('harmfulIds')]
    public function test_an_id_that_leads_to_another_directory_is_refused(string $id): void
    {
        $this->expectException(InvalidConfiguration::class);
        $this->expectExceptionMessage('CANYON_APP_ID');

        (new Credentials(['id' => $id]))->id();
    }

    public static function harmfulIds(): iterable
    {
        return [['..'], ['../app'], ['a/b'], ['.hidden'], ["4242\n"], ['a b']];
    }
}
