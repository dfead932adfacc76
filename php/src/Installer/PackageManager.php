<?php

namespace Canyon\Installer;

enum PackageManager: string
{
    case Pnpm = 'pnpm';
    case Yarn = 'yarn';
    case Bun = 'bun';
    case Npm = 'npm';

    /**
     * Get the names of the files in which it remembers versions.
     *
     * @return list<string>
     */
    public function lockFiles(): array
    {
        return match ($this) {
            self::Pnpm => ['pnpm-lock.yaml'],
            self::Yarn => ['yarn.lock'],
            self::Bun => ['bun.lock', 'bun.lockb'],
            self::Npm => ['package-lock.json'],
        };
    }

    /**
     * Get the command that adds packages; those of Echo need no script to be run.
     *
     * @param  list<string>  $packages
     * @return list<string>
     */
    public function add(array $packages): array
    {
        return match ($this) {
            self::Pnpm => ['pnpm', 'add', '--save-dev', '--ignore-scripts', ...$packages],
            self::Yarn => ['yarn', 'add', '--dev', ...$packages],
            self::Bun => ['bun', 'add', '--dev', '--ignore-scripts', ...$packages],
            self::Npm => ['npm', 'install', '--save-dev', '--ignore-scripts', ...$packages],
        };
    }

    /**
     * Get the command that builds the assets.
     */
    public function build(): string
    {
        return "{$this->value} run build";
    }
}
