<?php

namespace Canyon\Tests\Server;

/**
 * The artisan process becomes the canyon binary.
 */
final class SidecarTest extends HostingTestCase
{
    protected function setUp(): void
    {
        $binary = (string) getenv('CANYON_BIN');

        $this->environment['CANYON_BINARY'] = $binary;

        parent::setUp();

        if (! is_executable($binary)) {
            $this->markTestSkipped("There is no canyon binary at [{$binary}]; `make server` builds it.");
        }
    }

    protected function startOptions(): array
    {
        return ['--sidecar'];
    }
}
