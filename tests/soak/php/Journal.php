<?php

declare(strict_types=1);

namespace Canyon\Soak;

/**
 * What a publisher says about itself, in files that outlive it: the page cache does not care who is killed.
 *
 * Its length is the number of messages whose publish() returned; each byte says how often a full
 * queue refused that message before. A length is read whole or not at all, a number might not be.
 */
final class Journal
{
    /** @var resource */
    private $file;

    /**
     * Open a journal, and tell who works in the lane now.
     */
    public function __construct(string $place, int $id, int $lane)
    {
        $this->file = fopen("{$place}/journals/{$id}", 'xb');
        $name = "{$place}/lanes/{$lane}";
        file_put_contents("{$name}.new", $id.' '.getmypid());
        rename("{$name}.new", $name);
    }

    /**
     * Note that a publish returned: from now on the message must arrive.
     */
    public function returned(int $refusals): void
    {
        if (fwrite($this->file, chr(min($refusals, 255))) !== 1) {
            throw new \RuntimeException('The journal cannot be written.');
        }
    }
}
