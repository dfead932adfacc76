<?php

return [

    /*
    |--------------------------------------------------------------------------
    | Application
    |--------------------------------------------------------------------------
    |
    | The credentials that the server, your Laravel application and Echo have
    | in common, followed by the rules the server applies to connections of
    | this application. The variables of Reverb are used where both agree.
    |
    */

    'app' => [
        'id' => env('CANYON_APP_ID', env('REVERB_APP_ID')),
        'key' => env('CANYON_APP_KEY', env('REVERB_APP_KEY')),
        'secret' => env('CANYON_APP_SECRET', env('REVERB_APP_SECRET')),
        'client_events' => env('CANYON_APP_CLIENT_EVENTS', env('REVERB_APP_ACCEPT_CLIENT_EVENTS_FROM', 'members')),
        'subscription_counts' => env('CANYON_APP_SUBSCRIPTION_COUNTS', false),
        'allowed_origins' => explode(',', (string) env('CANYON_APP_ALLOWED_ORIGINS', '*')),
        'activity_timeout' => env('CANYON_APP_ACTIVITY_TIMEOUT', env('REVERB_APP_ACTIVITY_TIMEOUT', 50)),
        'max_connections' => env('CANYON_APP_MAX_CONNECTIONS', env('REVERB_APP_MAX_CONNECTIONS', 0)),
        'max_event_bytes' => env('CANYON_APP_MAX_EVENT_BYTES', 1_048_576),
    ],

    /*
    |--------------------------------------------------------------------------
    | Server
    |--------------------------------------------------------------------------
    |
    | Where the WebSocket server started by the canyon:start command listens.
    | Addresses in the listen list, such as "unix:/run/canyon/http.sock" or
    | "0.0.0.0:8080", replace the host and port if there are any of them.
    |
    | What was broadcast while no server ran is delivered by the next one, but
    | not what is more than "max_age" seconds old. If anything waited, all of
    | it waits "start_hold" seconds more, so that clients can come back.
    |
    */

    'server' => [
        'host' => env('CANYON_SERVER_HOST', env('REVERB_SERVER_HOST', '0.0.0.0')),
        'port' => env('CANYON_SERVER_PORT', env('REVERB_SERVER_PORT', 8080)),
        'listen' => explode(',', (string) env('CANYON_LISTEN')),
        'path_prefix' => env('CANYON_PATH_PREFIX', env('REVERB_SERVER_PATH', '')),
        'max_age' => env('CANYON_MAX_AGE', 30),
        'start_hold' => env('CANYON_START_HOLD', 2),
        'binary' => env('CANYON_BINARY'),
    ],

    /*
    |--------------------------------------------------------------------------
    | Queue Directory
    |--------------------------------------------------------------------------
    |
    | The directory in shared memory through which events reach the server. By
    | default it is "/run/canyon/<app id>" on machines where "/run/canyon" is
    | a directory, and "/dev/shm/canyon-<app id>" on every other machine.
    |
    */

    'queue' => env('CANYON_QUEUE'),

    /*
    |--------------------------------------------------------------------------
    | Queue Group
    |--------------------------------------------------------------------------
    |
    | Where PHP-FPM and the server run as different users, name a group both
    | are in, by name or number: its members can use the queue directory. Set
    | "canyon.queue_group" in the php.ini of PHP-FPM to the same group then.
    |
    */

    'queue_group' => env('CANYON_QUEUE_GROUP'),

    /*
    |--------------------------------------------------------------------------
    | Transport
    |--------------------------------------------------------------------------
    |
    | How events are handed to the server. The "extension" transport writes to
    | the queue directory, the "http" transport calls the server's HTTP API.
    | With "auto", HTTP is used only where the extension is not available. The
    | "ffi" transport is for command-line PHP that has FFI, but may not load
    | extensions; its library is looked for where the system's ones are.
    |
    | Supported: "auto", "extension", "ffi", "http"
    |
    */

    'transport' => env('CANYON_TRANSPORT', 'auto'),

    'ffi_library' => env('CANYON_FFI_LIBRARY'),

    /*
    |--------------------------------------------------------------------------
    | Immediate Broadcasting
    |--------------------------------------------------------------------------
    |
    | Events that implement ShouldBroadcast are sent at once, or as soon as the
    | database transaction they were dispatched in is committed, so they need
    | no queue worker. Without this, they are queued as Laravel queues them.
    |
    */

    'immediate' => env('CANYON_IMMEDIATE', true),

    /*
    |--------------------------------------------------------------------------
    | Encrypted Channels
    |--------------------------------------------------------------------------
    |
    | Events on private encrypted channels are readable for the subscribers of
    | the channel and nobody else. Their keys come from this master key: have
    | "openssl rand -base64 32" make one, keep it, and tell it to nobody.
    |
    */

    'options' => [
        'encryption_master_key_base64' => env('CANYON_ENCRYPTION_MASTER_KEY_BASE64'),
    ],

    /*
    |--------------------------------------------------------------------------
    | Full Queue
    |--------------------------------------------------------------------------
    |
    | What happens to an event for which the queue has no room, because there
    | is no server or it does not keep up: "throw" an exception, "report" the
    | exception and go on, or "drop" the event. By default, queue workers and
    | commands throw, which lets a job be tried again; web requests report.
    |
    | Supported: "throw", "report", "drop", null
    |
    */

    'on_full' => env('CANYON_ON_FULL'),

    /*
    |--------------------------------------------------------------------------
    | HTTP Transport
    |--------------------------------------------------------------------------
    |
    | The address under which your application reaches the HTTP API of the
    | server, usually the one that browsers use too. Timeouts are seconds;
    | a request that waits for the server should not do so for very long.
    |
    | What the Canyon facade asks goes this way with every transport, unless
    | the server listens on a Unix socket that this machine can reach.
    |
    */

    'http' => [
        'host' => env('CANYON_HOST', env('REVERB_HOST', '127.0.0.1')),
        'port' => env('CANYON_PORT', env('REVERB_PORT', 8080)),
        'scheme' => env('CANYON_SCHEME', env('REVERB_SCHEME', 'http')),
        'connect_timeout' => env('CANYON_HTTP_CONNECT_TIMEOUT', 2),
        'timeout' => env('CANYON_HTTP_TIMEOUT', 2),
    ],

    /*
    |--------------------------------------------------------------------------
    | Health
    |--------------------------------------------------------------------------
    |
    | What Laravel's health route (usually "/up") does when the server cannot
    | be reached: nothing, "report" the exception and stay up, or "throw" it,
    | which takes this web server out of its load balancer. Choose the latter
    | only if your pages are worth nothing without real-time events.
    |
    | Supported: "report", "throw", null
    |
    */

    'health' => env('CANYON_HEALTH'),

];
