<?php

// Speaks TLS with the certificate of the file named first, and hands what it gets to the port given second, one
// connection after the other. Prints its own port when it is ready, and ends with its standard input.

[, $certificate, $port] = $argv;

$listener = stream_socket_server('tcp://127.0.0.1:0', context: stream_context_create(['ssl' => ['local_cert' => $certificate]]));
echo substr(strrchr(stream_socket_get_name($listener, false), ':'), 1), "\n";

while (true) {
    $read = [STDIN, $listener];
    $write = $except = null;

    if (stream_select($read, $write, $except, 20) === 0 || in_array(STDIN, $read, true)) {
        exit;
    }

    $client = stream_socket_accept($listener);

    if (! @stream_socket_enable_crypto($client, true, STREAM_CRYPTO_METHOD_TLS_SERVER)) {
        fclose($client);

        continue;
    }

    $server = stream_socket_client("tcp://127.0.0.1:{$port}");
    $pairs = [[$client, $server], [$server, $client]];
    array_map(static fn (array $pair) => stream_set_blocking($pair[0], false), $pairs);

    do {
        $read = [$client, $server];
        stream_select($read, $write, $except, 20);

        foreach ($pairs as [$from, $to]) {
            // TLS hands over a record at a time, and select() does not see what is left of it.
            while (($bytes = (string) fread($from, 65536)) !== '') {
                fwrite($to, $bytes);
            }
        }
    } while (! feof($client) && ! feof($server));

    array_map(fclose(...), [$client, $server]);
}
