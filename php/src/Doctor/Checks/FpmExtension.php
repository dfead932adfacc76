<?php

namespace Canyon\Doctor\Checks;

use Canyon\Doctor\Finding;
use Symfony\Component\Process\Exception\ExceptionInterface;
use Symfony\Component\Process\ExecutableFinder;
use Symfony\Component\Process\Process;

/**
 * PHP-FPM reads other files than the command line: asks its binary what it would load.
 */
final class FpmExtension
{
    /**
     * Find out whether the PHP-FPM of this version loads the extension.
     */
    public function finding(string $configured): Finding
    {
        $version = PHP_MAJOR_VERSION.'.'.PHP_MINOR_VERSION;
        $subject = "Extension in PHP-FPM {$version}";

        if (($binary = $this->binary($version)) === null) {
            return Finding::skipped($subject, "no php-fpm of version {$version} was found in the PATH, /usr/sbin or beside ".PHP_BINARY);
        }

        if (($modules = $this->output($binary, '-m')) === null) {
            return Finding::skipped($subject, "[{$binary} -m] does not say what it loads");
        }

        if (preg_match('/^canyon\r?$/m', $modules) === 1) {
            return Finding::passed($subject, "loaded, says [{$binary} -m]");
        }

        return match ($configured) {
            'http' => Finding::passed($subject, 'not loaded, and not needed for "http"'),
            'ffi' => Finding::warning($subject, 'not loaded, and PHP-FPM may use FFI only with ffi.enable=true', 'Install the extension for PHP-FPM too, or give web requests CANYON_TRANSPORT=http.'),
            'extension' => Finding::failed($subject, "not loaded, says [{$binary} -m]: broadcasting fails in web requests", 'Add [extension=canyon] to the conf.d of PHP-FPM, and reload it.'),
            default => Finding::warning($subject, "not loaded, says [{$binary} -m]: web requests publish over HTTP", 'Add [extension=canyon] to the conf.d of PHP-FPM, and reload it.'),
        };
    }

    /**
     * Find the binary of this PHP's version.
     */
    private function binary(string $version): ?string
    {
        $finder = new ExecutableFinder;
        $places = [dirname(PHP_BINARY), PHP_BINDIR, dirname(PHP_BINDIR).'/sbin', '/usr/sbin', '/usr/local/sbin'];

        foreach (["php-fpm{$version}", 'php-fpm'.str_replace('.', '', $version), 'php-fpm'] as $name) {
            $binary = $finder->find($name, null, $places);

            if ($binary !== null && str_starts_with((string) $this->output($binary, '-v'), "PHP {$version}.")) {
                return $binary;
            }
        }

        return null;
    }

    /**
     * Get what the binary prints.
     */
    private function output(string $binary, string $option): ?string
    {
        try {
            $process = new Process([$binary, $option], timeout: 10);

            return $process->run() === 0 ? $process->getOutput() : null;
        } catch (ExceptionInterface) {
            return null;
        }
    }
}
