<?php

namespace Canyon\Tests\Fixtures;

use Illuminate\Foundation\Auth\User;
use Illuminate\Notifications\Notifiable;

class Customer extends User
{
    use Notifiable;

    protected $guarded = [];

    public $timestamps = false;
}
