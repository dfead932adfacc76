<?php

namespace Canyon\Installer;

/**
 * A file of the package that the application gets a copy of, to change as it likes.
 */
final class Publication implements Step
{
    /**
     * Create a new step instance.
     */
    public function __construct(private readonly Project $project, private readonly string $path, private readonly string $source)
    {
        //
    }

    /**
     * Propose to copy the file where there is none.
     *
     * @return iterable<Proposal>
     */
    public function propose(): iterable
    {
        yield $this->project->has($this->path)
            ? Proposal::settled($this->path)
            : Proposal::edit($this->path, null, (string) file_get_contents($this->source));
    }
}
