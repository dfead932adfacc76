<?php

/*
|--------------------------------------------------------------------------
| Database
|--------------------------------------------------------------------------
|
| Several php-fpm workers write to one SQLite file: readers must not block
| the writer (WAL), and writers take turns instead of failing (IMMEDIATE).
|
*/

return [

    'default' => 'sqlite',

    'connections' => [
        'sqlite' => [
            'driver' => 'sqlite',
            'database' => env('DB_DATABASE', storage_path('demo.sqlite')),
            'prefix' => '',
            'foreign_key_constraints' => true,
            'busy_timeout' => 5000,
            'journal_mode' => 'WAL',
            'synchronous' => 'NORMAL',
            'transaction_mode' => 'IMMEDIATE',
        ],
    ],

];
