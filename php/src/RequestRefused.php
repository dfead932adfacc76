<?php

namespace Canyon;

use Throwable;

/**
 * The server answers a request, but not with what was asked for.
 */
final class RequestRefused extends Exception
{
    /**
     * Create a new exception instance.
     */
    public function __construct(string $message, public readonly int $status, ?Throwable $previous = null)
    {
        parent::__construct($message, 0, $previous);
    }
}
