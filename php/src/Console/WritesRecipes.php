<?php

namespace Canyon\Console;

use Canyon\Installer\Progress;
use Canyon\Installer\Project;
use Canyon\Installer\Proposal;
use Canyon\Installer\Recipe;
use Canyon\Installer\RecipeValues;

use function Laravel\Prompts\confirm;
use function Laravel\Prompts\multiselect;

trait WritesRecipes
{
    /**
     * Write the recipes for a server that are asked for.
     */
    protected function writeRecipes(Project $project, Progress $progress): void
    {
        $asked = (string) $this->option('deploy');

        $names = $asked === '' && $this->canAsk()
            ? multiselect('Which recipes would you like to have?', Recipe::names(), required: true)
            : Recipe::named($asked);

        $values = RecipeValues::of($this->laravel);

        foreach ($names as $name) {
            $progress->take(new Recipe($project, $name, $values, fn (Proposal $edit) => $this->mayReplace($progress, $edit)));
        }

        match (true) {
            $progress->failures > 0 => $this->components->error('Not all of the recipes could be written.'),
            $progress->edits > 0 => $this->components->info($this->option('dry-run') ? 'Nothing was changed.' : 'Each file says at its top where it belongs.'),
            default => $this->components->info('Nothing to do: the recipes are there.'),
        };
    }

    /**
     * Determine if a recipe that was changed may be overwritten.
     */
    protected function mayReplace(Progress $progress, Proposal $edit): bool
    {
        if ($this->option('force') || ! $this->canAsk()) {
            return (bool) $this->option('force');
        }

        $progress->show($edit);

        return confirm("The file [{$edit->path}] was changed. Would you like to overwrite it?", default: false);
    }
}
