<?php

namespace Canyon\Tests\Server;

use PHPUnit\Framework\Attributes\RequiresPhpExtension;

/**
 * The server runs inside of the artisan process, through the extension.
 */
#[RequiresPhpExtension('canyon')]
final class HostedServerTest extends HostingTestCase
{
    //
}
