<?php

namespace Canyon\Installer;

/**
 * What should become of a file: an edit that is ready to be made, nothing, or work for a human.
 */
final class Proposal
{
    /**
     * Create a new proposal instance.
     */
    private function __construct(
        public readonly string $path,
        public readonly ?string $before,
        public readonly ?string $after,
        public readonly ?string $reason,
        public readonly ?string $snippet,
        public readonly ?string $basis = null,
    ) {
        //
    }

    /**
     * Propose new contents for a file, which is created if there was none: after a model of which only the changes are shown.
     */
    public static function edit(string $path, ?string $before, string $after, ?string $basis = null): self
    {
        return $before === $after
            ? self::settled($path)
            : new self($path, $before, $after, null, null, $before ?? $basis);
    }

    /**
     * Find that a file is as it should be.
     */
    public static function settled(string $path): self
    {
        return new self($path, null, null, null, null);
    }

    /**
     * Leave a file alone, and say what a human should do about it.
     */
    public static function byHand(string $path, string $reason, ?string $snippet = null): self
    {
        return new self($path, null, null, $reason, $snippet);
    }

    /**
     * Determine if there is an edit to make.
     */
    public function isEdit(): bool
    {
        return $this->after !== null;
    }

    /**
     * Determine if a human has to do it.
     */
    public function isByHand(): bool
    {
        return $this->reason !== null;
    }
}
