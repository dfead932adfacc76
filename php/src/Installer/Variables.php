<?php

namespace Canyon\Installer;

/**
 * The variables of the application, the server and Echo, as far as they are missing.
 */
final class Variables implements Step
{
    /**
     * Create a new step instance.
     *
     * @param  array<string, string>  $more  other variables that are wanted, as they are written
     */
    public function __construct(private readonly Project $project, private readonly string $path, private readonly Origin $origin, private readonly array $more = [])
    {
        //
    }

    /**
     * Propose to add what is missing to the environment file.
     *
     * @return iterable<Proposal>
     */
    public function propose(): iterable
    {
        $contents = $this->project->read($this->path);
        $file = new EnvironmentFile($contents ?? '', $this->path);

        [$server, $echo] = array_map(
            static fn (array $group) => array_filter($group, static fn (string $name) => $file->get($name) === null, ARRAY_FILTER_USE_KEY),
            $this->wanted($file),
        );

        if ($server === [] && $echo === []) {
            yield Proposal::settled($this->path);
        } elseif ($contents === null) {
            yield Proposal::byHand($this->path, 'There is no such file. Set these variables where your application gets its environment from:', (new EnvironmentFile(''))->with($server, $echo)->contents);
        } else {
            yield Proposal::edit($this->path, $contents, $file->with($server, $echo)->contents);
        }
    }

    /**
     * Get the variables that are needed, as they are written.
     *
     * @return array{array<string, string>, array<string, string>}
     */
    private function wanted(EnvironmentFile $file): array
    {
        // Canyon reads Reverb's variables; those of Pusher hold the address of another service.
        $prefix = $this->origin === Origin::Reverb ? 'REVERB_' : 'CANYON_';

        $server = [
            "{$prefix}APP_ID" => (string) random_int(100_000, 999_999),
            "{$prefix}APP_KEY" => bin2hex(random_bytes(10)),
            "{$prefix}APP_SECRET" => bin2hex(random_bytes(20)),
            "{$prefix}HOST" => '"localhost"',
            "{$prefix}PORT" => '8080',
            "{$prefix}SCHEME" => 'http',
        ];

        if ($this->origin === Origin::Pusher) {
            $server = [...$server, ...$this->fromPusher($file)];
        }

        $echo = [
            'VITE_REVERB_APP_KEY' => "\"\${{$prefix}APP_KEY}\"",
            'VITE_REVERB_HOST' => "\"\${{$prefix}HOST}\"",
            'VITE_REVERB_PORT' => "\"\${{$prefix}PORT}\"",
            'VITE_REVERB_SCHEME' => "\"\${{$prefix}SCHEME}\"",
        ];

        return [[...$server, ...$this->more], $echo];
    }

    /**
     * Get the values of Pusher's variables; its address only where that is a server of the application's own.
     *
     * @return array<string, string>
     */
    private function fromPusher(EnvironmentFile $file): array
    {
        $names = ['APP_ID', 'APP_KEY', 'APP_SECRET'];
        $host = $file->get('PUSHER_HOST');

        if ($host !== null && ! str_ends_with($host, '.pusher.com')) {
            array_push($names, 'HOST', 'PORT', 'SCHEME');
        }

        $variables = [];

        foreach ($names as $name) {
            if (($value = $file->get("PUSHER_{$name}")) !== null) {
                $variables["CANYON_{$name}"] = EnvironmentFile::quote($value);
            }
        }

        // Without a proxy on the port of the web, clients expect the server itself there.
        if (! in_array($port = $variables['CANYON_PORT'] ?? '443', ['80', '443'], true)) {
            $variables['CANYON_SERVER_PORT'] = $port;
        }

        return $variables;
    }
}
