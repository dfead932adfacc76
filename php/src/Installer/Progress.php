<?php

namespace Canyon\Installer;

use Canyon\Exception;
use Illuminate\Console\View\Components\Factory;
use Symfony\Component\Console\Formatter\OutputFormatter;
use Symfony\Component\Console\Output\OutputInterface;

/**
 * Shows each proposal, makes the edit, and remembers how many there were.
 */
final class Progress
{
    /**
     * New files with more lines are not shown.
     */
    private const LONG_FILE = 40;

    public int $edits = 0;

    public int $byHand = 0;

    public int $failures = 0;

    /**
     * Create a new progress instance.
     */
    public function __construct(
        private readonly Project $project,
        private readonly Factory $components,
        private readonly OutputInterface $output,
        private readonly bool $dryRun,
    ) {
        //
    }

    /**
     * Take a step: each edit is made before the next one is proposed. One that fails does not keep the other steps from being taken.
     */
    public function take(Step $step): void
    {
        try {
            foreach ($step->propose() as $proposal) {
                if ($proposal->isEdit()) {
                    $this->edit($proposal);
                } elseif ($proposal->isByHand()) {
                    $this->advise($proposal);
                }
            }
        } catch (Exception $e) {
            $this->failures++;

            $this->components->error($e->getMessage());
        }
    }

    /**
     * Make an edit, and show it.
     */
    private function edit(Proposal $edit): void
    {
        if (! $this->dryRun) {
            $this->project->apply($edit);
        }

        $this->edits++;

        $verdict = match (true) {
            $this->dryRun => '<fg=yellow;options=bold>WOULD BE '.($edit->before === null ? 'NEW' : 'EDITED').'</>',
            default => '<fg=green;options=bold>'.($edit->before === null ? 'NEW' : 'EDITED').'</>',
        };

        $this->components->twoColumnDetail(OutputFormatter::escape($edit->path), $verdict);
        $this->show($edit);
    }

    /**
     * Show the lines that change; secrets are for the file only.
     */
    public function show(Proposal $edit): void
    {
        $lines = Diff::between($edit->basis, (string) $edit->after);

        if ($edit->basis === null && count($lines) > self::LONG_FILE) {
            $lines = ['…'.count($lines).' lines'];
        }

        foreach ($lines as $line) {
            $line = OutputFormatter::escape((string) preg_replace('/^(.\s*(?:export\s+)?\w*SECRET\s*=\s*)[^\s$].*/', '$1********', $line));

            $this->output->writeln('    '.match ($line[0]) {
                '+' => "<fg=green>{$line}</>",
                '-' => "<fg=red>{$line}</>",
                default => "<fg=gray>{$line}</>",
            });
        }
    }

    /**
     * Say what a human has to do.
     */
    private function advise(Proposal $proposal): void
    {
        $this->byHand++;

        $this->components->twoColumnDetail(OutputFormatter::escape($proposal->path), '<fg=yellow;options=bold>BY HAND</>');
        $this->output->writeln('    '.OutputFormatter::escape((string) $proposal->reason));

        foreach ($proposal->snippet === null ? [] : explode("\n", rtrim($proposal->snippet)) as $line) {
            $this->output->writeln('      <fg=yellow>'.OutputFormatter::escape($line).'</>');
        }
    }
}
