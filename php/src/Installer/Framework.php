<?php

namespace Canyon\Installer;

enum Framework: string
{
    case React = 'react';
    case Vue = 'vue';

    /**
     * Get the package with Echo's hooks.
     */
    public function package(): string
    {
        return "@laravel/echo-{$this->value}";
    }

    /**
     * Get the files in which an application may begin.
     *
     * @return list<string>
     */
    public function entries(): array
    {
        $extensions = match ($this) {
            self::React => ['tsx', 'jsx', 'ts', 'js'],
            self::Vue => ['ts', 'js'],
        };

        return array_map(static fn (string $extension) => "resources/js/app.{$extension}", $extensions);
    }
}
