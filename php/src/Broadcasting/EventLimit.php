<?php

namespace Canyon\Broadcasting;

use Canyon\Exception;
use Canyon\InvalidConfiguration;

/**
 * The largest data that the server takes out of the queue: what is larger is refused at the place that broadcasts it.
 */
final class EventLimit
{
    /**
     * Create a new event limit instance.
     */
    public function __construct(public readonly int $bytes = PHP_INT_MAX)
    {
        //
    }

    /**
     * Get what is configured; without a limit there the server's own, which is the extension's too, holds.
     */
    public static function configured(mixed $bytes): self
    {
        if ($bytes === null || $bytes === '') {
            return new self;
        }

        if (filter_var($bytes, FILTER_VALIDATE_INT, ['options' => ['min_range' => 1]]) === false) {
            throw new InvalidConfiguration('The option [app.max_event_bytes] in config/canyon.php must be a whole number, not ['.(is_scalar($bytes) ? $bytes : gettype($bytes)).'].');
        }

        return new self((int) $bytes);
    }

    /**
     * Get what to throw for data that is larger.
     */
    public function exceededBy(string $data): Exception
    {
        return new Exception('The data has '.strlen($data)." bytes, and the limit is {$this->bytes}. Send an ID and let the client fetch the rest, or raise CANYON_APP_MAX_EVENT_BYTES ([app.max_event_bytes] in config/canyon.php) here and for the server, and canyon.max_event_bytes in php.ini if it is lower.");
    }
}
