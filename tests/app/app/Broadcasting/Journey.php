<?php

namespace App\Broadcasting;

use Illuminate\Contracts\Broadcasting\ShouldBroadcast;

/**
 * An event whose way from PHP to the browser is measured.
 */
interface Journey extends ShouldBroadcast
{
    /**
     * Note the time at which the event leaves.
     */
    public function depart(): void;

    /**
     * Get the id by which the pages recognise this journey.
     */
    public function journeyId(): string;
}
