<?php

namespace Canyon\Tests\Unit\Installer;

use Canyon\Installer\Diff;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

final class DiffTest extends TestCase
{
    /**
     * @param  list<string>  $expected
     */
    #[DataProvider('texts')]
    public function test_it_shows_what_differs_and_what_is_around_it(?string $before, string $after, array $expected): void
    {
        $this->assertSame($expected, Diff::between($before, $after));
    }

    public static function texts(): iterable
    {
        return [
            'nothing' => ["a\n", "a\n", []],
            'a new file' => [null, "a\nb\n", ['+a', '+b']],
            'an added line' => ["a\nb\nc\nd\n", "a\nb\nx\nc\nd\n", [' a', ' b', '+x', ' c', ' d']],
            'far from the beginning' => ["1\n2\n3\n4\n", "1\n2\n3\n4\n5\n", ['…', ' 3', ' 4', '+5']],
            'a changed line' => ["a\nb\n", "a\nc\n", [' a', '-b', '+c']],
            'two places' => ["a\n1\n2\n3\n4\n5\nb\n", "A\n1\n2\n3\n4\n5\nB\n", ['-a', '+A', ' 1', ' 2', '…', ' 4', ' 5', '-b', '+B']],
            'kept in between' => ["a\nb\nc\n", "x\nb\ny\n", ['-a', '+x', ' b', '-c', '+y']],
            'the line ends of Windows' => ["a\r\n", "a\r\nb\r\n", [' a', '+b']],
            'an end without a line end' => ['a', "a\nb", [' a', '+b']],
            'everything removed' => ["a\nb\n", '', ['-a', '-b']],
        ];
    }
}
