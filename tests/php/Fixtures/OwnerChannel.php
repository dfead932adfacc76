<?php

namespace Canyon\Tests\Fixtures;

use Illuminate\Auth\GenericUser;

class OwnerChannel
{
    public function join(GenericUser $user, string $owner): bool
    {
        return $user->getAuthIdentifier() === $owner;
    }
}
