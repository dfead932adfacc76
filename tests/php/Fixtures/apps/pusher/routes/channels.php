<?php

use Illuminate\Support\Facades\Broadcast;

// Without a driver that exists the definition of a channel would fail, as it does wherever Reverb is not installed.
if (config('broadcasting.default') === 'canyon') {
    Broadcast::channel('harbours.{id}', fn ($user, $id) => true);
}
