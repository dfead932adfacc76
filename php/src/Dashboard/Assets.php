<?php

namespace Canyon\Dashboard;

/**
 * The files of the page, which the package brings ready to use.
 */
final class Assets
{
    /**
     * The files, and what they are.
     */
    private const TYPES = [
        'app.css' => 'text/css; charset=utf-8',
        'app.js' => 'text/javascript; charset=utf-8',
        'icon.svg' => 'image/svg+xml',
        'inter.woff2' => 'font/woff2',
    ];

    /**
     * Get the path of a file, unless there is none of that name.
     */
    public function path(string $file): ?string
    {
        return isset(self::TYPES[$file]) ? dirname(__DIR__, 2)."/resources/dashboard/dist/{$file}" : null;
    }

    /**
     * Get the type of a file.
     */
    public function type(string $file): string
    {
        return self::TYPES[$file];
    }

    /**
     * Get what changes whenever one of the files does.
     */
    public function version(): string
    {
        $hashes = array_map(fn (string $file) => hash_file('xxh128', (string) $this->path($file)), array_keys(self::TYPES));

        return substr(hash('xxh128', implode($hashes)), 0, 16);
    }
}
