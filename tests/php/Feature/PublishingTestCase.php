<?php

namespace Canyon\Tests\Feature;

use Canyon\Tests\Support\HttpServer;
use Canyon\Tests\TestCase;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\Schema;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;

/**
 * Everything between the event and the wire is real; the server only records what it is sent.
 */
#[RequiresPhpExtension('curl')]
abstract class PublishingTestCase extends TestCase
{
    protected HttpServer $server;

    protected function setUp(): void
    {
        $this->server = new HttpServer;
        $this->environment['CANYON_TRANSPORT'] = 'http';
        $this->environment['CANYON_PORT'] = (string) $this->server->port;
        $this->environment['DB_CONNECTION'] = 'sqlite';
        $this->environment['DB_DATABASE'] = ':memory:';

        parent::setUp();
    }

    protected function tearDown(): void
    {
        parent::tearDown();

        $this->server->stop();
    }

    /**
     * Get the events the server was sent.
     *
     * @return list<array{name: string, channels: list<string>, data: string, socket_id?: string}>
     */
    protected function published(): array
    {
        return array_column($this->server->requests(), 'json');
    }

    /**
     * Get the names of the events the server was sent.
     *
     * @return list<string>
     */
    protected function publishedNames(): array
    {
        return array_column($this->published(), 'name');
    }

    protected function createArticles(?string $connection = null): void
    {
        Schema::connection($connection)->create('articles', static function (Blueprint $table) {
            $table->id();
            $table->string('title');
            $table->softDeletes();
        });
    }

    protected function createJobs(): void
    {
        Schema::create('jobs', static function (Blueprint $table) {
            $table->id();
            $table->string('queue')->index();
            $table->longText('payload');
            $table->unsignedTinyInteger('attempts');
            $table->unsignedInteger('reserved_at')->nullable();
            $table->unsignedInteger('available_at');
            $table->unsignedInteger('created_at');
        });
    }
}
