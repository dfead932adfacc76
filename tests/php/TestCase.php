<?php

namespace Canyon\Tests;

use Canyon\Broadcasting\FallbackNotice;
use Canyon\Tests\Support\Skeleton;
use Illuminate\Contracts\Console\Kernel;
use Illuminate\Foundation\Testing\TestCase as BaseTestCase;

/**
 * Boots a real application whose environment the test chooses.
 */
abstract class TestCase extends BaseTestCase
{
    protected Skeleton $skeleton;

    /**
     * The environment of the application.
     *
     * @var array<string, string>
     */
    protected array $environment = [
        'APP_KEY' => 'base64:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
        'BROADCAST_CONNECTION' => 'canyon',
        'CACHE_STORE' => 'array',
        'CANYON_APP_ID' => '4242',
        'CANYON_APP_KEY' => '278d425bdf160c739803',
        'CANYON_APP_SECRET' => '7ad3773142a6692b25b8',
        'LOG_CHANNEL' => 'single',
        'QUEUE_CONNECTION' => 'sync',
        'SESSION_DRIVER' => 'array',
    ];

    public function createApplication()
    {
        FallbackNotice::forget();

        $this->skeleton = Skeleton::create();

        $_SERVER = $this->environment + $_SERVER;

        $app = require $this->skeleton->path.'/bootstrap/app.php';
        $app->make(Kernel::class)->bootstrap();

        return $app;
    }

    /**
     * Boot the application anew, in another environment.
     *
     * @param  array<string, string>  $environment
     * @param  list<string>  $without
     */
    protected function reboot(array $environment, array $without = []): void
    {
        $this->forgetEnvironment();
        $this->skeleton->delete();

        $this->environment = array_diff_key($environment + $this->environment, array_flip($without));

        $this->refreshApplication();
    }

    /**
     * Boot the application from the same files again.
     */
    protected function refreshApplicationInPlace(): void
    {
        $this->app = require $this->skeleton->path.'/bootstrap/app.php';
        $this->app->make(Kernel::class)->bootstrap();
    }

    protected function tearDown(): void
    {
        parent::tearDown();

        $this->forgetEnvironment();
        $this->skeleton->delete();
    }

    private function forgetEnvironment(): void
    {
        $_SERVER = array_diff_key($_SERVER, $this->environment);
    }
}
