<?php

namespace Canyon\Doctor\Checks;

use Canyon\Doctor\Check;
use Canyon\Doctor\Finding;
use Canyon\Doctor\Installation;

/**
 * Without a route that authorizes them, nobody gets into private and presence channels.
 */
final class ChannelsCheck implements Check
{
    /**
     * Look at one part of the installation.
     *
     * @return iterable<Finding>
     */
    public function __invoke(Installation $installation): iterable
    {
        $paths = array_map(static fn (string $uri) => '/'.ltrim($uri, '/'), $installation->authorizationRoutes());

        yield $paths === []
            ? Finding::warning('Private channels', 'there is no route that authorizes them', 'Have bootstrap/app.php name routes/channels.php: [php artisan install:broadcasting] does so, and makes the file.')
            : Finding::passed('Private channels', 'authorized at ['.implode('], [', $paths).']');
    }
}
