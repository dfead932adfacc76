<?php

namespace Canyon\Installer;

use Canyon\Exception;
use ParseError;
use PhpToken;
use SplFileInfo;
use Symfony\Component\Finder\Finder;

/**
 * The files of the application, by their paths in it.
 */
final class Project
{
    /**
     * Create a new project instance.
     */
    public function __construct(public readonly string $root)
    {
        //
    }

    /**
     * Get the path of a file in the project, or the path as it is where the file lies elsewhere.
     */
    public function relative(string $path): string
    {
        return str_starts_with($path, $this->root.'/') ? substr($path, strlen($this->root) + 1) : $path;
    }

    /**
     * Determine if there is such a file.
     */
    public function has(string $path): bool
    {
        return is_file($this->absolute($path));
    }

    /**
     * Read a file, if it exists.
     */
    public function read(string $path): ?string
    {
        if (! $this->has($path)) {
            return null;
        }

        return ($contents = @file_get_contents($this->absolute($path))) !== false
            ? $contents
            : throw new Exception("Could not read [{$path}]. Is it readable for this user?");
    }

    /**
     * Get the first of some files that exists.
     */
    public function first(string ...$paths): ?string
    {
        foreach ($paths as $path) {
            if ($this->has($path)) {
                return $path;
            }
        }

        return null;
    }

    /**
     * Get the paths of the scripts in a directory: the nearest first, those in folders after them.
     *
     * @return list<string>
     */
    public function scripts(string $directory): array
    {
        if (! is_dir($this->absolute($directory))) {
            return [];
        }

        $files = Finder::create()->files()->in($this->absolute($directory))
            ->name('/\.(?:[jt]sx?|mjs|vue|svelte)\z/')->exclude('node_modules')->size('< 1M');

        $paths = array_map(fn (SplFileInfo $file) => $this->relative($file->getPathname()), iterator_to_array($files, false));

        usort($paths, static fn (string $a, string $b) => [substr_count($a, '/'), $a] <=> [substr_count($b, '/'), $b]);

        return $paths;
    }

    /**
     * Make an edit, and make sure that it was made.
     */
    public function apply(Proposal $edit): void
    {
        $path = $this->absolute($edit->path);

        if ($this->read($edit->path) !== $edit->before) {
            throw new Exception("The file [{$edit->path}] has changed meanwhile, so it was left alone. Run the command again.");
        }

        $this->ensureValid($edit);

        if (! is_dir($directory = dirname($path))) {
            @mkdir($directory, 0755, true);
        }

        // Not by a new file under the old name: links, owner and permissions stay as they are.
        if (@file_put_contents($path, (string) $edit->after) === false || file_get_contents($path) !== $edit->after) {
            throw new Exception("Could not write [{$edit->path}]. Is it writable for this user, and is there room on the disk?");
        }
    }

    /**
     * Ensure that no application is left with a file that PHP cannot read, however strangely it was written.
     */
    private function ensureValid(Proposal $edit): void
    {
        try {
            if (str_ends_with($edit->path, '.php')) {
                PhpToken::tokenize((string) $edit->after, TOKEN_PARSE);
            }
        } catch (ParseError) {
            throw new Exception("The file [{$edit->path}] is written in a way that cannot be edited safely, so it was left alone.");
        }
    }

    /**
     * Get the absolute path of a file.
     */
    private function absolute(string $path): string
    {
        return str_starts_with($path, '/') ? $path : "{$this->root}/{$path}";
    }
}
