<?php

namespace Canyon;

use RuntimeException;

/**
 * The base of everything Canyon throws; the extension brings its own, which is then used instead of this one.
 */
class Exception extends RuntimeException
{
    //
}
