<?php

namespace Canyon\Installer;

/**
 * The variable that chooses the broadcasting connection of the application.
 */
final class BroadcastConnection implements Step
{
    /**
     * Create a new step instance.
     */
    public function __construct(private readonly Project $project, private readonly string $path, private readonly ?string $variable, private readonly string $connection = 'canyon')
    {
        //
    }

    /**
     * Propose to broadcast over Canyon.
     *
     * @return iterable<Proposal>
     */
    public function propose(): iterable
    {
        if ($this->variable === null) {
            yield Proposal::byHand('config/broadcasting.php', "The default connection is not taken from the environment. Set it to [{$this->connection}]:", "'default' => '{$this->connection}',");
        } elseif (($contents = $this->project->read($this->path)) === null) {
            yield Proposal::byHand($this->path, 'There is no such file. Set this variable where your application gets its environment from:', "{$this->variable}={$this->connection}");
        } else {
            yield Proposal::edit($this->path, $contents, (new EnvironmentFile($contents, $this->path))->withChanged($this->variable, $this->connection)->contents);
        }
    }
}
