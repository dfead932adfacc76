<?php

namespace Canyon\Installer;

use Canyon\Exception;
use Closure;

/**
 * The files that one way of running Canyon takes, filled in for the application.
 */
final class Recipe implements Step
{
    /**
     * Where the files are put.
     */
    public const FOLDER = 'deploy/canyon';

    private const STUBS = __DIR__.'/../../../stubs/deploy';

    /**
     * Create a new recipe instance.
     *
     * @param  array<string, string>  $values
     * @param  Closure(Proposal): bool  $mayReplace  whether a file that differs may be overwritten
     */
    public function __construct(
        private readonly Project $project,
        private readonly string $name,
        private readonly array $values,
        private readonly Closure $mayReplace,
    ) {
        //
    }

    /**
     * Get the names of all recipes.
     *
     * @return list<string>
     */
    public static function names(): array
    {
        return array_map('basename', glob(self::STUBS.'/*', GLOB_ONLYDIR) ?: []);
    }

    /**
     * Get the recipes that are asked for by name.
     *
     * @return list<string>
     */
    public static function named(string $list): array
    {
        $names = array_values(array_filter(array_map(trim(...), explode(',', strtolower($list)))));

        if ($names === ['all']) {
            return self::names();
        }

        if ($names === [] || array_diff($names, self::names()) !== []) {
            throw new Exception("There is no recipe [{$list}]. There are: ".implode(', ', self::names()).'. Name several with commas between them, or [all].');
        }

        return array_values(array_unique($names));
    }

    /**
     * Propose the files; one that somebody has changed is only replaced with leave.
     *
     * @return iterable<Proposal>
     */
    public function propose(): iterable
    {
        foreach (glob(self::STUBS."/{$this->name}/*") ?: [] as $stub) {
            $path = self::FOLDER."/{$this->name}/".basename($stub);
            $edit = Proposal::edit($path, $this->project->read($path), $this->filledIn((string) file_get_contents($stub)));

            yield $edit->before === null || ! $edit->isEdit() || ($this->mayReplace)($edit)
                ? $edit
                : Proposal::byHand($path, 'The file differs from the recipe, so it was left alone. It is overwritten with --force.');
        }
    }

    /**
     * Fill in what is known of the application.
     */
    private function filledIn(string $stub): string
    {
        return (string) preg_replace_callback('/\{\{ (\w+) \}\}/', fn (array $match) => $this->values[$match[1]], $stub);
    }
}
