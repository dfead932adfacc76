<?php

namespace Canyon\Tests\Unit;

use Canyon\Credentials;
use Canyon\QueueDirectory;
use PHPUnit\Framework\TestCase;

final class QueueDirectoryTest extends TestCase
{
    private Credentials $credentials;

    protected function setUp(): void
    {
        $this->credentials = new Credentials(['id' => 'shop']);
    }

    public function test_a_configured_directory_is_used_as_it_is(): void
    {
        $this->assertSame('/srv/queue', QueueDirectory::resolve('/srv/queue', $this->credentials));
    }

    public function test_the_run_directory_is_used_where_there_is_one(): void
    {
        $this->assertSame(__DIR__.'/shop', QueueDirectory::resolve(null, $this->credentials, __DIR__));
    }

    public function test_shared_memory_is_used_elsewhere(): void
    {
        $this->assertSame('/dev/shm/canyon-shop', QueueDirectory::resolve('', $this->credentials, __DIR__.'/missing'));
    }
}
