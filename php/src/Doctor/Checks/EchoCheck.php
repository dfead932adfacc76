<?php

namespace Canyon\Doctor\Checks;

use Canyon\Doctor\Check;
use Canyon\Doctor\Finding;
use Canyon\Doctor\Installation;

/**
 * What Echo in the browser was told, as far as it can be seen from here.
 */
final class EchoCheck implements Check
{
    /**
     * Look at one part of the installation.
     *
     * @return iterable<Finding>
     */
    public function __invoke(Installation $installation): iterable
    {
        yield $this->variables($installation);
        yield $this->build($installation);
    }

    /**
     * Compare the variables that Vite hands to Echo with the configuration.
     */
    private function variables(Installation $installation): Finding
    {
        $key = $installation->credentials->key();

        if (($configured = $installation->vite('APP_KEY')) === null) {
            return Finding::skipped("Echo's app key", 'there is no VITE_CANYON_APP_KEY, VITE_REVERB_APP_KEY or VITE_PUSHER_APP_KEY in the environment or its file');
        }

        [$name, $value] = $configured;

        return $value === $key
            ? Finding::passed("Echo's app key", "{$name} is the key of the app")
            : Finding::failed("Echo's app key", "{$name} is [{$value}], and the key of the app is [{$key}]", "Set {$name}=\"\${CANYON_APP_KEY}\" (or REVERB_APP_KEY, whichever you use), and build the assets anew.");
    }

    /**
     * Look for the key in what Vite has built: it holds what the variables were then.
     */
    private function build(Installation $installation): Finding
    {
        $scripts = glob($installation->buildDirectory().'/assets/*.js') ?: [];

        if ($scripts === []) {
            return Finding::skipped('Built assets', "there are no scripts in [{$installation->buildDirectory()}/assets]");
        }

        $key = $installation->credentials->key();
        $host = $installation->vite('HOST')[1] ?? '';

        foreach ($scripts as $script) {
            $text = (string) file_get_contents($script);

            if (str_contains($text, $key)) {
                return str_contains($text, $host)
                    ? Finding::passed('Built assets', basename($script).' holds the key of the app')
                    : Finding::warning('Built assets', basename($script)." holds the key of the app, but not the host [{$host}]", 'The variables have changed since: build the assets anew: [npm run build].');
            }
        }

        return Finding::warning('Built assets', "no script holds the key [{$key}]", 'If Echo gets its key from Vite, build the assets anew: [npm run build].');
    }
}
