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
        return Php::process([$skeleton->path.'/artisan', ...$arguments], $environment);
    }

    /**
     * @param  list<string>  $arguments
     * @param  array<string, string|false>  $environment
     */
    public static function withoutExtension(Skeleton $skeleton, array $arguments, array $environment): Process
    {
        return Php::withoutExtension([$skeleton->path.'/artisan', ...$arguments], $environment);
    }
}
