<?php

namespace Canyon\Broadcasting;

/**
 * The channels on which the server tells the dashboard what goes on. They are none of the application's.
 */
final class ReservedChannels
{
    /**
     * The channel of the figures.
     */
    public const DASHBOARD = 'private-canyon-dashboard';

    /**
     * The channel of what events carry.
     */
    public const PAYLOADS = 'private-canyon-dashboard-payloads';

    /**
     * Determine if a channel is one of them.
     */
    public static function include(string $channel): bool
    {
        return in_array($channel, [self::DASHBOARD, self::PAYLOADS], true);
    }
}
