<?php

namespace Canyon\Installer;

/**
 * An array or a list of arguments in the text of a PHP file.
 */
final class Brackets
{
    /**
     * Create a new brackets instance.
     *
     * @param  int  $open  the position behind the opening bracket
     * @param  int  $close  the position of the closing one
     * @param  list<array{int, int}>  $items  the first and the last token of each
     */
    public function __construct(public readonly int $open, public readonly int $close, public readonly array $items)
    {
        //
    }
}
