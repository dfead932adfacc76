<?php

use Illuminate\Support\Facades\Broadcast;

Broadcast::channel('orders.{owner}', static fn ($user, string $owner) => $user->getAuthIdentifier() === $owner);
Broadcast::channel('room.{room}', static fn ($user, string $room) => $room === 'closed' ? null : ['name' => 'Zoë', 'tags' => (object) []]);
Broadcast::channel('silent.{room}', static fn () => true);
Broadcast::channel('staff', static fn ($user) => $user->getAuthIdentifier() === '99', ['guards' => ['web', 'staff']]);
