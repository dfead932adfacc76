<?php

namespace Canyon\Tests\Support;

use RuntimeException;

/**
 * Runs Fixtures/http-server.php and reads what it has recorded.
 */
final class HttpServer
{
    public readonly int $port;

    private readonly string $record;

    /** @var resource */
    private $process;

    /** @var array<int, resource> */
    private array $pipes = [];

    /**
     * @param  array{status?: int, body?: string, head?: string, hang?: bool, close?: bool}  $answer
     */
    public function __construct(array $answer = [], int $port = 0)
    {
        $this->record = (string) tempnam(sys_get_temp_dir(), 'canyon-http-');

        $this->process = proc_open(
            [PHP_BINARY, __DIR__.'/../Fixtures/http-server.php', $this->record, base64_encode(serialize($answer)), (string) $port],
            [['pipe', 'r'], ['pipe', 'w']],
            $this->pipes,
        );

        $this->port = (int) fgets($this->pipes[1]) ?: throw new RuntimeException('The HTTP server of the test did not start.');
    }

    /**
     * @return list<array{connection: int, method: string, target: string, head: string, body: string, path: string, query: array<string, string>, json: array<string, mixed>}>
     */
    public function requests(): array
    {
        return array_map(static function (string $line) {
            $request = json_decode($line, true, flags: JSON_THROW_ON_ERROR);
            [$path, $query] = explode('?', $request['target'], 2) + [1 => ''];
            parse_str($query, $parameters);

            return $request + ['path' => $path, 'query' => $parameters, 'json' => json_decode($request['body'], true, flags: JSON_THROW_ON_ERROR)];
        }, file($this->record, FILE_IGNORE_NEW_LINES | FILE_SKIP_EMPTY_LINES));
    }

    public function stop(): void
    {
        array_map(fclose(...), $this->pipes);
        proc_close($this->process);
        unlink($this->record);
    }
}
