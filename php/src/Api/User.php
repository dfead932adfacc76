<?php

namespace Canyon\Api;

use Illuminate\Contracts\Auth\Authenticatable;
use InvalidArgumentException;
use Stringable;

/**
 * A user as the server sees them.
 */
final class User
{
    /**
     * Create a new user instance.
     *
     * @param  list<string>  $channels  the presence channels the user is a member of
     */
    public function __construct(
        public readonly string $id,
        public readonly bool $online,
        /** The number of connections that are signed in as the user. */
        public readonly int $connections = 0,
        public readonly array $channels = [],
    ) {
        //
    }

    /**
     * Get the ID by which a server knows a user.
     *
     * @param  Authenticatable|string|int  $user
     */
    public static function idOf(mixed $user): string
    {
        $id = match (true) {
            ! is_object($user) => $user,
            method_exists($user, 'getAuthIdentifierForBroadcasting') => $user->getAuthIdentifierForBroadcasting(),
            method_exists($user, 'getAuthIdentifier') => $user->getAuthIdentifier(),
            default => $user,
        };

        if ((! is_string($id) && ! is_int($id) && ! $id instanceof Stringable) || (string) $id === '') {
            throw new InvalidArgumentException('A user is named by a model that can be authenticated or by its ID, not by ['.get_debug_type($user).'].');
        }

        return (string) $id;
    }
}
