<?php

namespace Canyon;

/**
 * Nobody takes events out of the queue quickly enough; the extension brings its own, which is then used instead of this one.
 */
final class QueueFull extends Exception
{
    //
}
