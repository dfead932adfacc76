<?php

namespace App\Models;

use Illuminate\Foundation\Auth\User as Authenticatable;

class User extends Authenticatable
{
    public $timestamps = false;

    protected $hidden = ['api_token'];

    /**
     * What other people may know about this user: the presence member and the author of a message.
     *
     * @return array{id: int, name: string, hue: int}
     */
    public function card(): array
    {
        return ['id' => $this->id, 'name' => $this->name, 'hue' => $this->hue];
    }
}
