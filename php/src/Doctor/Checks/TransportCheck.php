<?php

namespace Canyon\Doctor\Checks;

use Canyon\Broadcasting\Transports\ExtensionTransport;
use Canyon\Broadcasting\Transports\FfiTransport;
use Canyon\Broadcasting\Transports\HttpTransport;
use Canyon\Doctor\Check;
use Canyon\Doctor\Finding;
use Canyon\Doctor\Installation;
use Canyon\Exception;

/**
 * How events are handed to the server, and why this way.
 */
final class TransportCheck implements Check
{
    /**
     * Look at one part of the installation.
     *
     * @return iterable<Finding>
     */
    public function __invoke(Installation $installation): iterable
    {
        yield $this->transport($installation);
        yield $this->extension($installation->configuredTransport());
        yield (new FpmExtension)->finding($installation->configuredTransport());
    }

    /**
     * Find out which transport is in use, by making it.
     */
    private function transport(Installation $installation): Finding
    {
        try {
            $transport = $installation->transports()->make();
        } catch (Exception $e) {
            return Finding::failed('Transport', $e->getMessage(), 'Set CANYON_TRANSPORT to "auto" to use what is there.');
        }

        $configured = $installation->configuredTransport();

        $why = match (true) {
            $configured !== 'auto' => 'because CANYON_TRANSPORT says so',
            ExtensionTransport::isAvailable() => 'because CANYON_TRANSPORT is "auto" and the extension is loaded',
            default => 'because CANYON_TRANSPORT is "auto" and the extension is not loaded',
        };

        return Finding::passed('Transport', match (true) {
            $transport instanceof FfiTransport => "ffi, {$why}; the library has version {$transport->version()}",
            $transport instanceof HttpTransport => "http to {$transport->url()}, {$why}",
            default => "extension, {$why}",
        });
    }

    /**
     * Find out whether this PHP has loaded the extension.
     */
    private function extension(string $configured): Finding
    {
        $subject = 'Extension in '.PHP_SAPI.' '.PHP_VERSION;

        if (ExtensionTransport::isAvailable()) {
            return Finding::passed($subject, 'version '.phpversion('canyon'));
        }

        $where = PHP_BINARY.' reads '.(php_ini_loaded_file() ?: 'no php.ini');

        return in_array($configured, ['ffi', 'http'], true)
            ? Finding::passed($subject, "not loaded, and not needed for \"{$configured}\"")
            : Finding::warning($subject, "not loaded; {$where}", 'Build it with [make ext], and add [extension=canyon] to that php.ini, or to a file of its own beside it: a publish then takes microseconds. If HTTP is what you want, set CANYON_TRANSPORT to "http".');
    }
}
