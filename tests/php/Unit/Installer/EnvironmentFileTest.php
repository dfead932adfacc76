<?php

namespace Canyon\Tests\Unit\Installer;

use Canyon\Exception;
use Canyon\Installer\EnvironmentFile;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

final class EnvironmentFileTest extends TestCase
{
    #[DataProvider('additions')]
    public function test_variables_are_added_and_everything_else_stays(string $before, string $after): void
    {
        $this->assertSame($after, (new EnvironmentFile($before))->with(['A' => '1', 'B' => '"${A}"'])->contents);
    }

    public static function additions(): iterable
    {
        return [
            'to an empty file' => ['', "A=1\nB=\"\${A}\"\n"],
            'to the end' => ["X=0\n", "X=0\n\nA=1\nB=\"\${A}\"\n"],
            'after an empty line' => ["X=0\n\n", "X=0\n\nA=1\nB=\"\${A}\"\n"],
            'after a line without an end' => ['X=0', "X=0\n\nA=1\nB=\"\${A}\"\n"],
            'with the line ends of Windows' => ["X=0\r\n", "X=0\r\n\r\nA=1\r\nB=\"\${A}\"\r\n"],
            'with the line ends of Windows, after a line without one' => ["Y=0\r\nX=0", "Y=0\r\nX=0\r\n\r\nA=1\r\nB=\"\${A}\"\r\n"],
            'in the place of an empty one' => ["A=\nX=0\n", "A=1\nX=0\n\nB=\"\${A}\"\n"],
            'in the place of an empty one of Windows' => ["A=\r\nB=\r\n", "A=1\r\nB=\"\${A}\"\r\n"],
            'in the place of empty quotes' => ["A=\"\"\nB=''\n", "A=1\nB=\"\${A}\"\n"],
            'before a comment' => ["A= # later\nB=\n", "A=1 # later\nB=\"\${A}\"\n"],
            'exported' => ["export A=\nB=\n", "export A=1\nB=\"\${A}\"\n"],
            'not where they are commented out' => ["#A=\n# B=\n", "#A=\n# B=\n\nA=1\nB=\"\${A}\"\n"],
            'not in a value of several lines' => ["X=\"\nA=\nB=\n\"\n", "X=\"\nA=\nB=\n\"\n\nA=1\nB=\"\${A}\"\n"],
            'not where a name only begins the same' => ["AA=\nB_=\n", "AA=\nB_=\n\nA=1\nB=\"\${A}\"\n"],
        ];
    }

    #[DataProvider('changes')]
    public function test_a_variable_is_changed_and_everything_else_stays(string $before, string $after): void
    {
        $this->assertSame($after, (new EnvironmentFile($before))->withChanged('A', 'new')->contents);
    }

    public static function changes(): iterable
    {
        return [
            'a plain value' => ["X=0\nA=old\nY=0\n", "X=0\nA=new\nY=0\n"],
            'at the end without a line end' => ['A=old', 'A=new'],
            'with the line ends of Windows' => ["A=old\r\nX=0\r\n", "A=new\r\nX=0\r\n"],
            'quoted' => ["A=\"old # one\"\n", "A=new\n"],
            'quoted once' => ["A='old'\n", "A=new\n"],
            'over several lines' => ["A=\"old\nB=1\"\nB=2\n", "A=new\nB=2\n"],
            'with a comment' => ["A=old # kept\n", "A=new # kept\n"],
            'set twice' => ["A=old\nX=0\nA=older\n", "A=new\nX=0\nA=new\n"],
            'not set' => ["X=0\n", "X=0\n\nA=new\n"],
            'what is made of it follows' => ["A=old\nX=\"\${A}\"\n", "A=new\nX=\"\${A}\"\n"],
        ];
    }

    public function test_an_empty_value_is_none(): void
    {
        $file = new EnvironmentFile("A=\nB=\"\"\nC=0\n");

        $this->assertNull($file->get('A'));
        $this->assertNull($file->get('B'));
        $this->assertNull($file->get('D'));
        $this->assertSame('0', $file->get('C'));
    }

    #[DataProvider('values')]
    public function test_a_value_is_written_so_that_it_is_read_as_it_is(string $value): void
    {
        $file = (new EnvironmentFile("X=0\n"))->with(['A' => EnvironmentFile::quote($value)]);

        $this->assertSame($value, $file->get('A'));
    }

    public static function values(): iterable
    {
        return array_map(static fn (string $value) => [$value], ['plain-1.2_3', 'two words', 'a"quote', "it's", 'cost $5 ${X}', 'back\\slash', 'null', 'with # hash', "two\nlines"]);
    }

    public function test_a_file_that_laravel_cannot_read_is_named(): void
    {
        $this->expectException(Exception::class);
        $this->expectExceptionMessage('The file [.env.local] is not one that Laravel can read: Failed to parse dotenv file.');

        new EnvironmentFile('A="never closed', '.env.local');
    }

    public function test_a_file_in_which_something_else_would_change_is_left_alone(): void
    {
        // The value is not closed by its quotes, so nobody can tell where it ends.
        $this->expectException(Exception::class);
        $this->expectExceptionMessage('Set [A] in it yourself.');

        (new EnvironmentFile("X=y\n", '.env'))->with(['A' => "1\nX=0"]);
    }
}
