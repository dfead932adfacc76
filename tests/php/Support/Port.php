<?php

namespace Canyon\Tests\Support;

final class Port
{
    /**
     * Find a port of the loopback interface that nobody listens on.
     */
    public static function unused(): int
    {
        $listener = stream_socket_server('tcp://127.0.0.1:0');
        $port = (int) substr(strrchr(stream_socket_get_name($listener, false), ':'), 1);
        fclose($listener);

        return $port;
    }

    /**
     * Determine if somebody listens on the port.
     */
    public static function isOpen(int $port): bool
    {
        $socket = @stream_socket_client("tcp://127.0.0.1:{$port}", $code, $message, 1);

        return $socket !== false && fclose($socket);
    }
}
