<?php

namespace Canyon\Tests\Feature;

use Canyon\Tests\TestCase;

/**
 * Boots the application in the local environment, where everybody sees the dashboard. Forged requests are refused there, as in production.
 */
abstract class DashboardTestCase extends TestCase
{
    protected function setUp(): void
    {
        $this->environment['APP_ENV'] ??= 'local';

        parent::setUp();

        $this->carryTheTokenOfThePage();
    }

    protected function reboot(array $environment, array $without = []): void
    {
        parent::reboot($environment, $without);

        $this->carryTheTokenOfThePage();
    }

    private function carryTheTokenOfThePage(): void
    {
        $this->withSession(['_token' => 'token'])->withHeader('X-CSRF-TOKEN', 'token');
    }
}
