<?php

namespace Canyon\Dashboard;

/**
 * The kinds of channels that one can look for.
 */
enum ChannelKind: string
{
    case Public = 'public';
    case Private = 'private';
    case Presence = 'presence';
    case Encrypted = 'encrypted';
    case Cache = 'cache';

    /**
     * Determine if a channel is of the kind. One of the others may have a cache as well.
     */
    public function includes(string $channel): bool
    {
        return $this === self::Cache
            ? preg_match('/\A(private-encrypted-|private-|presence-|)cache-/', $channel) === 1
            : self::of($channel) === $this;
    }

    /**
     * Get what the names of all channels of the kind begin with.
     */
    public function prefix(): string
    {
        return match ($this) {
            self::Private => 'private-',
            self::Presence => 'presence-',
            self::Encrypted => 'private-encrypted-',
            self::Public, self::Cache => '',
        };
    }

    /**
     * Get the kind of a channel.
     */
    public static function of(string $channel): self
    {
        return match (true) {
            str_starts_with($channel, 'presence-') => self::Presence,
            str_starts_with($channel, 'private-encrypted-') => self::Encrypted,
            str_starts_with($channel, 'private-') => self::Private,
            default => self::Public,
        };
    }
}
