<?php

namespace Canyon\Tests\Unit;

use PHPUnit\Framework\TestCase;

final class DocumentationTest extends TestCase
{
    public function test_every_variable_of_the_configuration_is_explained_and_no_other(): void
    {
        $root = dirname(__DIR__, 3).'/php';

        preg_match_all("/env\\('([A-Z0-9_]+)'/", (string) file_get_contents("{$root}/config/canyon.php"), $used);
        preg_match_all('/`((?:CANYON|REVERB)_[A-Z0-9_]+)`/', (string) file_get_contents("{$root}/docs/configuration.md"), $explained);

        // The server reads this one from the environment itself.
        $this->assertEqualsCanonicalizing(
            [...array_unique($used[1]), 'CANYON_LOG'],
            array_values(array_unique($explained[1])),
        );
    }
}
