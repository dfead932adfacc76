<?php

namespace Canyon;

/**
 * There is no answer from a server.
 */
final class ServerUnreachable extends Exception
{
    //
}
