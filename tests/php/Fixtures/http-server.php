<?php

// A tiny HTTP server: writes each request as a line of JSON to the file named first, answers as the
// array given second says, listens on the port given third, prints that when it is ready, and ends with its standard input.

[, $record, $answer, $port] = $argv;
$answer = unserialize(base64_decode($answer)) + ['status' => 200, 'body' => '{}', 'head' => '', 'hang' => false, 'close' => false];

$listener = stream_socket_server('tcp://127.0.0.1:'.$port);
echo substr(strrchr(stream_socket_get_name($listener, false), ':'), 1), "\n";

$buffers = [];
$sockets = [];
$accepted = 0;

while (true) {
    $read = [STDIN, $listener, ...$sockets];
    $write = $except = null;

    // Nobody is kept waiting for ever, not even by an answer that does not come.
    if (stream_select($read, $write, $except, 20) === 0) {
        exit;
    }

    foreach ($read as $stream) {
        if ($stream === STDIN) {
            exit;
        }

        if ($stream === $listener) {
            $sockets[++$accepted] = stream_socket_accept($listener);
            $buffers[$accepted] = '';

            continue;
        }

        $connection = array_search($stream, $sockets, true);
        $bytes = fread($stream, 65536);

        if ($bytes === '' || $bytes === false) {
            unset($sockets[$connection], $buffers[$connection]);

            continue;
        }

        $buffers[$connection] .= $bytes;
        $parts = explode("\r\n\r\n", $buffers[$connection], 2);
        preg_match('/^content-length: *(\d+)/mi', $parts[0], $length);

        if (count($parts) < 2 || strlen($parts[1]) < (int) ($length[1] ?? 0)) {
            continue;
        }

        [$method, $target] = explode(' ', $parts[0]);
        file_put_contents($record, json_encode(['connection' => $connection, 'method' => $method, 'target' => $target, 'head' => $parts[0], 'body' => $parts[1]])."\n", FILE_APPEND);
        $buffers[$connection] = '';

        if (! $answer['hang']) {
            fwrite($stream, "HTTP/1.1 {$answer['status']} Whatever\r\nContent-Length: ".strlen($answer['body'])."\r\n{$answer['head']}\r\n{$answer['body']}");

            // As HTTP has it, a client of version 1.0 waits for the end.
            if ($answer['close'] || str_contains($parts[0], ' HTTP/1.0')) {
                fclose($stream);
                unset($sockets[$connection], $buffers[$connection]);
            }
        }
    }
}
