<?php

namespace Canyon\Broadcasting;

use Canyon\InvalidConfiguration;

/**
 * What happens to an event for which the queue has no room.
 */
enum OnFull: string
{
    case Throw = 'throw';
    case Report = 'report';
    case Drop = 'drop';

    /**
     * Get what is configured.
     *
     * By default a web request goes on and everything else throws: a queue worker tries the job again, a command shows its
     * user what is wrong. Laravel itself knows which is which. Octane's and FrankenPHP's workers are not "in console": the
     * former say so in APP_RUNNING_IN_CONSOLE, though their PHP is that of the command line, and the latter have a SAPI of
     * their own. A job that the "sync" connection runs within a request is part of the request.
     */
    public static function configured(mixed $value, bool $runningInConsole): self
    {
        if ($value === null || $value === '') {
            return $runningInConsole ? self::Throw : self::Report;
        }

        return (is_string($value) ? self::tryFrom($value) : null) ?? throw new InvalidConfiguration(
            'The option [on_full] in config/canyon.php must be "throw", "report" or "drop", not ['.(is_scalar($value) ? var_export($value, true) : gettype($value)).']. Set CANYON_ON_FULL to one of these, or leave it out.'
        );
    }
}
