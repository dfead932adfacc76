<?php

// Two workers take jobs out of one file: they take turns instead of failing.
return [

    'default' => 'sqlite',

    'connections' => [
        'sqlite' => [
            'driver' => 'sqlite',
            'database' => env('DB_DATABASE'),
            'prefix' => '',
            'busy_timeout' => 20000,
            'transaction_mode' => 'IMMEDIATE',
        ],
    ],

];
