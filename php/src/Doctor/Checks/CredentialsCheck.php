<?php

namespace Canyon\Doctor\Checks;

use Canyon\Doctor\Check;
use Canyon\Doctor\Finding;
use Canyon\Doctor\Installation;
use Canyon\InvalidConfiguration;

/**
 * Without an app ID, key and secret there is nothing else to look at.
 */
final class CredentialsCheck implements Check
{
    /**
     * Look at one part of the installation.
     *
     * @return iterable<Finding>
     */
    public function __invoke(Installation $installation): iterable
    {
        $default = $installation->defaultConnection();

        yield $installation->driverOf($default) === 'canyon'
            ? Finding::passed('Broadcast connection', $default)
            : Finding::failed('Broadcast connection', "events go to the connection [{$default}], which is not one of Canyon's", 'Set BROADCAST_CONNECTION=canyon. If the configuration is cached, run [php artisan config:clear].');

        try {
            $installation->credentials->ensureComplete();

            yield Finding::passed('Credentials', "app [{$installation->credentials->id()}], key [{$installation->credentials->key()}]");
        } catch (InvalidConfiguration $e) {
            yield Finding::failed('Credentials', $e->getMessage(), 'They may be any texts, if the server and Echo are given the same. If the configuration is cached, run [php artisan config:clear].');
        }
    }
}
