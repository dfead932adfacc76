<?php

namespace Canyon\Doctor\Checks;

use Canyon\Doctor\Check;
use Canyon\Doctor\Connection;
use Canyon\Doctor\Finding;
use Canyon\Doctor\Installation;
use Canyon\Exception;

/**
 * Whether browsers may connect at all from the application's pages, and for how long the certificate lets them.
 */
final class TlsCheck implements Check
{
    /**
     * How many days before its end a certificate should have been renewed.
     */
    private const DAYS = 14;

    /**
     * Look at one part of the installation.
     *
     * @return iterable<Finding>
     */
    public function __invoke(Installation $installation): iterable
    {
        try {
            $address = $installation->publicAddress();
        } catch (Exception) {
            // The check of the WebSocket tells what is wrong with it.
            return;
        }

        if ($address->scheme === 'https') {
            yield $this->certificate($installation);
        } elseif (str_starts_with((string) $installation->origin(), 'https:')) {
            yield Finding::failed('TLS', "pages come from [{$installation->origin()}], and from such browsers connect by wss only, not to [{$address}]", "Serve WebSockets with TLS too, through the web server or with CANYON_TLS_CERTIFICATE, and have Echo use it: https as the scheme in {$installation->publicAddressSource()} and its neighbours.");
        } else {
            yield Finding::skipped('TLS', "neither [{$address}] nor APP_URL has it");
        }
    }

    /**
     * Look at how long the certificate is valid; whether it is, PHP has checked when connecting.
     */
    private function certificate(Installation $installation): Finding
    {
        try {
            $certificate = (new Connection($installation->publicAddress()))->certificate();
        } catch (Exception $e) {
            return Finding::failed('TLS', "{$installation->publicAddress()}: {$e->getMessage()}", 'Browsers need a certificate for this very host from an authority they know, with its whole chain, and valid today.');
        }

        $name = $certificate['subject']['CN'] ?? $certificate['extensions']['subjectAltName'] ?? 'a host without a name';
        $end = $certificate['validTo_time_t'];
        $detail = "the certificate of [{$name}] is valid until ".date('Y-m-d', $end);

        return $end - time() < 86400 * self::DAYS
            ? Finding::warning('TLS', $detail, 'Renew it. If that happens by itself, find out why it did not, or which server still shows the old one.')
            : Finding::passed('TLS', $detail);
    }
}
