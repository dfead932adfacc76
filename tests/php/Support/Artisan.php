<?php

namespace Canyon\Tests\Support;

use Symfony\Component\Process\Process;

/**
 * Runs artisan commands of the test application in processes of their own.
 */
final class Artisan
{
    /**
     * @param  list<string>  $arguments
     * @param  array<string, string|false>  $environment
     */
    public static function process(Skeleton $skeleton, array $arguments, array $environment): Process
    {
        return new Process(
            [PHP_BINARY, $skeleton->path.'/artisan', ...$arguments],
            $skeleton->path,
            $environment + ['CANYON_TESTS' => dirname(__DIR__)],
            timeout: 60,
        );
    }
}
