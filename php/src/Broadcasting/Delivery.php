<?php

namespace Canyon\Broadcasting;

/**
 * How events get to the server, and what happens to one for which the queue has no room.
 */
final class Delivery
{
    /**
     * Create a new delivery instance.
     */
    public function __construct(
        public readonly Transport $transport,
        public readonly OnFull $onFull = OnFull::Throw,
    ) {
        //
    }
}
