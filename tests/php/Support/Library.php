<?php

namespace Canyon\Tests\Support;

use PHPUnit\Framework\Assert;

final class Library
{
    /**
     * Find the C library that `make capi` builds.
     */
    public static function path(): string
    {
        $path = getenv('CANYON_PUBLISH_LIBRARY') ?: dirname(__DIR__, 3).'/target/capi/release/libcanyon_publish.so';

        if (! extension_loaded('ffi') || ! is_file($path)) {
            Assert::markTestSkipped("Needs PHP's FFI extension and [{$path}]; `make capi` builds it.");
        }

        return $path;
    }
}
