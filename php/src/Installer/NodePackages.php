<?php

namespace Canyon\Installer;

use Illuminate\Contracts\Process\ProcessResult;
use Illuminate\Process\Factory;

/**
 * The JavaScript packages that Echo consists of, got by the package manager of the project.
 */
final class NodePackages
{
    /**
     * Create a new package list instance.
     */
    public function __construct(private readonly Project $project, private readonly PackageJson $packages, private readonly Factory $processes)
    {
        //
    }

    /**
     * Get those that the application does not ask for yet.
     *
     * @return list<string>
     */
    public function missing(): array
    {
        if (! $this->packages->exists()) {
            return [];
        }

        $wanted = ['laravel-echo', 'pusher-js', $this->packages->framework()?->package()];

        return array_values(array_filter($wanted, fn (?string $package) => $package !== null && ! $this->packages->has($package)));
    }

    /**
     * Get the command that installs them.
     *
     * @return list<string>
     */
    public function command(): array
    {
        return $this->packages->manager()->add($this->missing());
    }

    /**
     * Install them.
     */
    public function install(): ProcessResult
    {
        return $this->processes->path($this->project->root)->forever()->run($this->command());
    }

    /**
     * Get the command that builds the assets, if there are any.
     */
    public function build(): ?string
    {
        return $this->packages->exists() ? $this->packages->manager()->build() : null;
    }
}
