<?php

namespace Canyon\Api;

/**
 * What to do when a server refuses a request.
 */
final class Advice
{
    /**
     * Get advice about a status, to stand behind the server's own words.
     */
    public static function about(int $status): string
    {
        return match (true) {
            $status === 401 => ' (Do CANYON_APP_KEY and CANYON_APP_SECRET have the values the server was started with, and do both clocks agree?)',
            $status === 403 => ' (The app is switched off in the settings of the server.)',
            $status === 404 => ' (Do CANYON_APP_ID and CANYON_PATH_PREFIX have the values the server was started with, and does the address lead to it?)',
            $status === 413 => ' (Send an ID and let the client fetch the rest, or raise CANYON_APP_MAX_EVENT_BYTES and start the server anew; a proxy in between may have a limit too.)',
            $status >= 300 && $status < 400 => ' (Redirections are not followed: set CANYON_SCHEME, CANYON_HOST and CANYON_PORT to where it leads.)',
            in_array($status, [502, 504], true) => ' (A proxy answers, but not the server behind it: is that running?)',
            default => '',
        };
    }
}
