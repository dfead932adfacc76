<?php

use App\Models\User;

return [

    /*
    |--------------------------------------------------------------------------
    | One User Per Window
    |--------------------------------------------------------------------------
    |
    | Two windows of a browser share their cookies, and so a session. The chat
    | wants two people in two windows: each keeps the API token of its user in
    | sessionStorage and sends it as bearer token, as a mobile app would do.
    |
    */

    'defaults' => ['guard' => 'web', 'passwords' => 'users'],

    'guards' => [
        'web' => ['driver' => 'session', 'provider' => 'users'],
        'window' => ['driver' => 'token', 'provider' => 'users', 'hash' => false],
    ],

    'providers' => [
        'users' => ['driver' => 'eloquent', 'model' => User::class],
    ],

];
