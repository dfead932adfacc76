<?php

namespace Canyon\Dashboard;

use Canyon\Broadcasting\CanyonBroadcaster;
use Illuminate\Contracts\Auth\Authenticatable;
use Illuminate\Contracts\Broadcasting\Broadcaster;
use stdClass;

/**
 * Why the application does not let somebody subscribe: its own answer is a bare "Forbidden" most of the time.
 */
final class RefusalReason
{
    /**
     * Create a new instance.
     */
    public function __construct(
        private readonly Broadcaster $broadcaster,
        private readonly string $guard,
        private readonly ?Authenticatable $user,
    ) {
        //
    }

    /**
     * Get the reason of an answer.
     */
    public function for(stdClass $answer, string $channel): string
    {
        if ($answer->status >= 500) {
            return "{$answer->message} (the log of the application says more)";
        }

        if ($answer->status !== 403 || $answer->message !== 'Forbidden' || ! $this->broadcaster instanceof CanyonBroadcaster) {
            return $answer->message;
        }

        $patterns = $this->broadcaster->patternsOf($channel);
        $guards = $this->broadcaster->guardsOf($channel);

        return match (true) {
            $patterns === [] => 'No channel of routes/channels.php has this name. They are written there without "private-" and "presence-".',
            $this->user === null => "Guests are let into public channels only; [{$patterns[0]}] of routes/channels.php was not asked.",
            $guards !== [] && ! in_array($this->guard, $guards, true) => "[{$patterns[0]}] of routes/channels.php asks for a user of the guard [".implode('] or [', $guards)."], and this is one of [{$this->guard}].",
            default => '['.implode('] and [', $patterns)."] of routes/channels.php said no to the user [{$this->user->getAuthIdentifier()}].",
        };
    }
}
