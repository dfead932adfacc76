<?php

namespace Canyon\Doctor;

use Canyon\Exception;

/**
 * A server said no; the code is its status, or that of the close frame.
 */
final class Refusal extends Exception
{
    /**
     * Create a new refusal.
     */
    public function __construct(int $code, string $message)
    {
        parent::__construct($message, $code);
    }
}
