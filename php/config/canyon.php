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
    | Where a limit is 0, there is none; an option that is null or missing is
    | left to the server.
    |
    */

    'app' => [
        'id' => env('CANYON_APP_ID', env('REVERB_APP_ID')),
        'key' => env('CANYON_APP_KEY', env('REVERB_APP_KEY')),
        'secret' => env('CANYON_APP_SECRET', env('REVERB_APP_SECRET')),
        'enabled' => env('CANYON_APP_ENABLED', true),
        'requires_tls' => env('CANYON_APP_REQUIRES_TLS', false),
        'allowed_origins' => explode(',', (string) env('CANYON_APP_ALLOWED_ORIGINS', '*')),
        'client_events' => env('CANYON_APP_CLIENT_EVENTS', env('REVERB_APP_ACCEPT_CLIENT_EVENTS_FROM', 'members')),
        'client_event_rate' => env('CANYON_APP_CLIENT_EVENT_RATE', 60),
        'subscription_counts' => env('CANYON_APP_SUBSCRIPTION_COUNTS', false),
        'user_authentication' => env('CANYON_APP_USER_AUTHENTICATION', true),
        'watchlist' => env('CANYON_APP_WATCHLIST', false),
        'activity_timeout' => env('CANYON_APP_ACTIVITY_TIMEOUT', env('REVERB_APP_ACTIVITY_TIMEOUT', 50)),
        'authorization_timeout' => env('CANYON_APP_AUTHORIZATION_TIMEOUT', 0),
        'max_connections' => env('CANYON_APP_MAX_CONNECTIONS', env('REVERB_APP_MAX_CONNECTIONS', 0)),
        'max_subscriptions_per_connection' => env('CANYON_APP_MAX_SUBSCRIPTIONS_PER_CONNECTION', 5_000),
        'max_event_bytes' => env('CANYON_APP_MAX_EVENT_BYTES', 1_048_576),
        'max_channels_per_event' => env('CANYON_APP_MAX_CHANNELS_PER_EVENT', 100),
        'max_batch_size' => env('CANYON_APP_MAX_BATCH_SIZE', 10),
        'max_channel_name_length' => env('CANYON_APP_MAX_CHANNEL_NAME_LENGTH', 164),
        'max_presence_members' => env('CANYON_APP_MAX_PRESENCE_MEMBERS', 10_000),
        'max_presence_bytes' => env('CANYON_APP_MAX_PRESENCE_BYTES', 10_240),
    ],

    /*
    |--------------------------------------------------------------------------
    | Server
    |--------------------------------------------------------------------------
    |
    | Where the WebSocket server started by the canyon:start command listens.
    | Addresses in the listen list, such as "unix:/run/canyon/http.sock" or
    | "0.0.0.0:8080", replace the host and port if there are any of them. With
    | a TLS certificate, host and port speak TLS; in the list, "tls:0.0.0.0:443"
    | is such an address.
    |
    | What was broadcast while no server ran is delivered by the next one, but
    | not what is more than "max_age" seconds old. If anything waited, all of
    | it waits "start_hold" seconds more, so that clients can come back. One
    | that reads nothing for "send_timeout" seconds while much waits for it is
    | hung up on. Without "workers", half of the processors serve clients.
    | A server told to stop closes its clients over "drain_seconds".
    |
    */

    'server' => [
        'host' => env('CANYON_SERVER_HOST', env('REVERB_SERVER_HOST', '0.0.0.0')),
        'port' => env('CANYON_SERVER_PORT', env('REVERB_SERVER_PORT', 8080)),
        'listen' => explode(',', (string) env('CANYON_LISTEN')),
        'tls' => [
            'certificate' => env('CANYON_TLS_CERTIFICATE'),
            'key' => env('CANYON_TLS_KEY'),
        ],
        'path_prefix' => env('CANYON_PATH_PREFIX', env('REVERB_SERVER_PATH', '')),
        'max_age' => env('CANYON_MAX_AGE', 30),
        'start_hold' => env('CANYON_START_HOLD', 2),
        'send_timeout' => env('CANYON_SEND_TIMEOUT', 10),
        'workers' => env('CANYON_WORKERS'),
        'drain_seconds' => env('CANYON_DRAIN_SECONDS', 0),
        'binary' => env('CANYON_BINARY'),
    ],

    /*
    |--------------------------------------------------------------------------
    | Limits
    |--------------------------------------------------------------------------
    |
    | What one client address may take, what one connection may send, and how
    | much may wait for all of them; a quarter of the memory if that is null.
    | Where a limit is 0, there is none. The address of a client is what the
    | trusted proxies say: addresses or networks such as "10.0.0.0/8", and the
    | words "loopback", "private", "unix" and "none".
    |
    */

    'limits' => [
        'trusted_proxies' => explode(',', (string) env('CANYON_TRUSTED_PROXIES', 'loopback,unix')),
        'max_connections_per_address' => env('CANYON_MAX_CONNECTIONS_PER_ADDRESS', 10_000),
        'connects_per_second_per_address' => env('CANYON_CONNECTS_PER_SECOND_PER_ADDRESS', 200),
        'max_frames_per_second' => env('CANYON_MAX_FRAMES_PER_SECOND', 1_000),
        'max_bytes_per_second' => env('CANYON_MAX_BYTES_PER_SECOND', 1_048_576),
        'max_outbox_bytes' => env('CANYON_MAX_OUTBOX_BYTES'),
    ],

    /*
    |--------------------------------------------------------------------------
    | Monitoring
    |--------------------------------------------------------------------------
    |
    | Prometheus finds the metrics of the server at an address of their own,
    | "127.0.0.1:9090" or "unix:/path", or where the clients connect if it has
    | the token. Neither is there by default. The log goes to standard error,
    | and is made of lines for people ("text") or of objects ("json").
    |
    | Levels: "error", "warn", "info", "debug", "trace"
    |
    */

    'metrics' => env('CANYON_METRICS'),

    'metrics_token' => env('CANYON_METRICS_TOKEN'),

    'log_format' => env('CANYON_LOG_FORMAT', 'text'),

    'log_level' => env('CANYON_LOG_LEVEL', 'info'),

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
    | Queue Group And Owner
    |--------------------------------------------------------------------------
    |
    | Where PHP-FPM and the server run as different users, name a group both
    | are in, by name or number: its members can use the queue directory. Set
    | "canyon.queue_group" in the php.ini of PHP-FPM to the same group then. A
    | directory that another user has made is trusted if this is its owner.
    |
    */

    'queue_group' => env('CANYON_QUEUE_GROUP'),

    'queue_owner' => env('CANYON_QUEUE_OWNER'),

    /*
    |--------------------------------------------------------------------------
    | Dashboard
    |--------------------------------------------------------------------------
    |
    | Everybody may see it in the local environment, and elsewhere those whom
    | the gate "viewCanyon" lets in. What events carry, the sender of events
    | and the debugger of connections, which acts as any user, are on in the
    | local environment only; true or false decides for all environments.
    |
    | "websocket" is the address at which its browsers reach the server, such
    | as "wss://example.com". By default, that is the one of the transport.
    |
    */

    'dashboard' => [
        'enabled' => env('CANYON_DASHBOARD', true),
        'path' => env('CANYON_DASHBOARD_PATH', 'canyon'),
        'domain' => env('CANYON_DASHBOARD_DOMAIN'),
        'middleware' => ['web'],
        'payloads' => env('CANYON_DASHBOARD_PAYLOADS'),
        'sender' => env('CANYON_DASHBOARD_SENDER'),
        'debugger' => env('CANYON_DASHBOARD_DEBUGGER'),
        'websocket' => env('CANYON_DASHBOARD_WEBSOCKET'),
    ],

    /*
    |--------------------------------------------------------------------------
    | Webhooks
    |--------------------------------------------------------------------------
    |
    | A server that runs outside of PHP tells of what happens on the channels
    | by posting it to the path below: canyon:start --sidecar has it do so for
    | the "events", by default those that your application listens for. If the
    | "url" is null it is that of the path, and an empty path takes the route
    | away. Other endpoints that shall be told are listed with their "url",
    | and if you like with "events", "channel_prefix" and "headers".
    |
    */

    'webhooks' => [
        'path' => env('CANYON_WEBHOOK_PATH', 'canyon/webhooks'),
        'url' => env('CANYON_WEBHOOK_URL'),
        'events' => null,
        'endpoints' => [],
    ],

    /*
    |--------------------------------------------------------------------------
    | Batched Channel Authorization
    |--------------------------------------------------------------------------
    |
    | Beside "/broadcasting/auth" there is "/broadcasting/auth/batch", where a
    | page asks for all of its channels in one request, up to this many. With
    | 0 there is no such route.
    |
    */

    'auth_batch_size' => env('CANYON_AUTH_BATCH_SIZE', 100),

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
