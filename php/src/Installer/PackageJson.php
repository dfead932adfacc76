<?php

namespace Canyon\Installer;

/**
 * The JavaScript packages that the application asks for.
 */
final class PackageJson
{
    private const PATH = 'package.json';

    /**
     * The contents of the file.
     *
     * @var array<string, mixed>
     */
    private readonly array $contents;

    /**
     * Create a new package list instance.
     */
    public function __construct(private readonly Project $project)
    {
        $this->contents = (array) json_decode($project->read(self::PATH) ?? '', true);
    }

    /**
     * Determine if the application has JavaScript packages.
     */
    public function exists(): bool
    {
        return $this->project->has(self::PATH);
    }

    /**
     * Determine if a package is asked for.
     */
    public function has(string $package): bool
    {
        return isset($this->contents['dependencies'][$package]) || isset($this->contents['devDependencies'][$package]);
    }

    /**
     * Get the framework that Echo has hooks for, if the application uses it.
     */
    public function framework(): ?Framework
    {
        $used = array_filter(Framework::cases(), fn (Framework $framework) => $this->has($framework->value));

        // An application of both is of the one whose entry file is there.
        foreach ($used as $framework) {
            if ($this->project->first(...$framework->entries()) !== null) {
                return $framework;
            }
        }

        return array_values($used)[0] ?? null;
    }

    /**
     * Get the package manager of the project: the one whose lock file is there, else the one the file names.
     */
    public function manager(): PackageManager
    {
        foreach (PackageManager::cases() as $manager) {
            if ($this->project->first(...$manager->lockFiles()) !== null) {
                return $manager;
            }
        }

        $named = $this->contents['packageManager'] ?? '';

        return PackageManager::tryFrom(strtok(is_string($named) ? $named : '', '@') ?: '') ?? PackageManager::Npm;
    }
}
