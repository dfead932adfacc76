<?php

namespace Canyon\Listeners;

use Canyon\CanyonManager;
use Canyon\Exception;
use Canyon\InvalidConfiguration;
use Illuminate\Contracts\Config\Repository;

/**
 * Lets Laravel's health route know that the server is down, if it is meant to.
 */
final class DiagnoseServer
{
    /**
     * Create a new listener instance.
     */
    public function __construct(
        private readonly Repository $config,
        private readonly CanyonManager $canyon,
    ) {
        //
    }

    /**
     * Handle the event.
     */
    public function handle(): void
    {
        $reaction = $this->config->get('canyon.health');

        if ($reaction === null || $reaction === false || $reaction === '') {
            return;
        }

        if (! in_array($reaction, ['report', 'throw'], true)) {
            throw new InvalidConfiguration('The option [health] in config/canyon.php must be "report" or "throw", not ['.(is_scalar($reaction) ? var_export($reaction, true) : gettype($reaction)).']. Set CANYON_HEALTH to one of these, or leave it out.');
        }

        try {
            $this->canyon->connections();
        } catch (Exception $e) {
            $reaction === 'throw' ? throw $e : report($e);
        }
    }
}
