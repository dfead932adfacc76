<?php

declare(strict_types=1);

namespace Canyon\Soak;

/**
 * Looks at how far other publishers are. What they say returned before our next publish began, so it must arrive before.
 */
final class Peers
{
    private const LANES = 16;

    private int $id = 0;

    /** @var resource|null */
    private $journal = null;

    private int $glances = 0;

    public function __construct(private readonly string $place, private readonly int $lane) {}

    /**
     * Get another publisher and how many of its messages are published; twice 0 if there is none.
     *
     * @return array{int, int}
     */
    public function glance(): array
    {
        if ($this->glances++ % 25 === 0 || $this->journal === null) {
            $this->choose();
        }

        if ($this->journal === null) {
            return [0, 0];
        }

        $returned = fstat($this->journal)['size'];

        // To publish right behind somebody is where a wrong order would show.
        if (mt_rand(0, 7) === 0) {
            for ($look = 0; $look < 200; $look++) {
                $now = fstat($this->journal)['size'];

                if ($now !== $returned) {
                    return [$this->id, $now];
                }
            }
        }

        return [$this->id, $returned];
    }

    private function choose(): void
    {
        $lane = mt_rand(0, self::LANES - 1);
        $id = $lane === $this->lane ? 0 : (int) @file_get_contents("{$this->place}/lanes/{$lane}");

        if ($id === 0 || $id === $this->id) {
            return;
        }

        $this->journal = fopen("{$this->place}/journals/{$id}", 'rb');
        $this->id = $id;
    }
}
