<?php

namespace Canyon\Tests\Support;

use PHPUnit\Framework\Assert;
use Symfony\Component\Process\Process;

/**
 * Runs PHP in processes of their own.
 */
final class Php
{
    /**
     * With what this process has loaded.
     *
     * @param  list<string>  $arguments
     * @param  array<string, string|false>  $environment
     */
    public static function process(array $arguments, array $environment): Process
    {
        return self::start(PHP_BINARY, $arguments, $environment);
    }

    /**
     * Without the canyon extension; the PHP of tests/setup/env.sh leaves it out if the variable is not set.
     *
     * @param  list<string>  $arguments
     * @param  array<string, string|false>  $environment
     */
    public static function withoutExtension(array $arguments, array $environment): Process
    {
        $php = extension_loaded('canyon') ? getenv('PHP84') : PHP_BINARY;

        if (! is_string($php)) {
            Assert::markTestSkipped('Needs a PHP without the canyon extension: set PHP84 to one.');
        }

        return self::start($php, $arguments, ['CANYON_EXTENSION' => false] + $environment);
    }

    private static function start(string $php, array $arguments, array $environment): Process
    {
        return new Process([$php, ...$arguments], env: $environment + ['CANYON_TESTS' => dirname(__DIR__)], timeout: 60);
    }
}
