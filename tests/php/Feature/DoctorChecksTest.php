<?php

namespace Canyon\Tests\Feature;

use Canyon\Doctor\Checks\QueueAccess;
use Canyon\Doctor\FpmUsers;
use Canyon\Doctor\Verdict;
use Canyon\Events\MemberAdded;
use Canyon\Tests\Support\Doctor;
use Canyon\Tests\Support\Port;
use Canyon\Tests\Support\WebServer;
use Canyon\Tests\TestCase;
use Illuminate\Routing\RouteCollection;
use Illuminate\Support\Facades\Event;
use PHPUnit\Framework\Attributes\DataProvider;

/**
 * What canyon:doctor finds out about browsers, webhooks and PHP-FPM.
 */
final class DoctorChecksTest extends TestCase
{
    /**
     * A user that is nobody else on the machine the tests run on: www-data of Debian.
     */
    private const USER = 33;

    protected function setUp(): void
    {
        $this->environment['CANYON_PORT'] = (string) Port::unused();
        $this->environment['CANYON_QUEUE'] = '/nowhere/canyon-doctor';

        parent::setUp();

        $this->withoutMockingConsoleOutput();
    }

    #[DataProvider('directories')]
    public function test_the_users_of_php_fpm_must_be_able_to_write_to_the_queue(Verdict $expected, int $mode, int $owner, int $group): void
    {
        if (! function_exists('posix_geteuid') || posix_geteuid() !== 0) {
            $this->markTestSkipped('Only root can make directories of other users.');
        }

        $processes = $this->skeleton->path.'/proc';
        $this->process("{$processes}/1", "/sbin/init\0", 0);
        $this->process("{$processes}/700", 'php-fpm: master process (/etc/php/fpm.conf)', 0);
        $this->process("{$processes}/701", 'php-fpm: pool www', self::USER);
        $this->process("{$processes}/702", 'php-fpm: pool www', self::USER);

        mkdir($queue = $this->skeleton->path.'/queue');
        chown($queue, $owner);
        chgrp($queue, $group);
        chmod($queue, $mode);

        $users = new FpmUsers($processes);
        $finding = (new QueueAccess($users))->finding($queue);

        $this->assertSame([self::USER], $users->ids());
        $this->assertSame($expected, $finding->verdict, $finding->detail);
        $expected === Verdict::Warning && $this->assertStringContainsString('CANYON_QUEUE_GROUP', $finding->advice);
    }

    public static function directories(): iterable
    {
        yield 'its own' => [Verdict::Passed, 0700, self::USER, 0];
        yield 'of another user' => [Verdict::Warning, 0700, 0, 0];
        yield 'of its group' => [Verdict::Passed, 02770, 0, self::USER];
        yield 'of its group, which may only read' => [Verdict::Warning, 0750, 0, self::USER];
        yield 'of another group' => [Verdict::Warning, 02770, 0, 0];
    }

    public function test_without_php_fpm_there_is_nothing_to_compare(): void
    {
        $finding = (new QueueAccess(new FpmUsers($this->skeleton->path)))->finding($this->skeleton->path);

        $this->assertSame(Verdict::Skipped, $finding->verdict);
    }

    public function test_pages_with_tls_need_websockets_with_tls(): void
    {
        config(['app.url' => 'https://example.com']);

        (new Doctor)->assertFailed('TLS', 'pages come from [https://example.com]', 'CANYON_TLS_CERTIFICATE');
    }

    public function test_an_application_without_authorization_routes_is_told_how_to_get_them(): void
    {
        $this->app->make('router')->setRoutes(new RouteCollection);

        (new Doctor)->assertWarned('Private channels', 'there is no route', 'install:broadcasting');
    }

    public function test_assets_of_another_host_are_found(): void
    {
        $this->reboot(['VITE_CANYON_HOST' => 'ws.example.com']);
        $this->withoutMockingConsoleOutput();
        mkdir($assets = $this->skeleton->path.'/public/build/assets', recursive: true);
        file_put_contents("{$assets}/app.js", 'new Echo({key:"278d425bdf160c739803",wsHost:"localhost"})');

        (new Doctor)->assertWarned('Built assets', 'not the host [ws.example.com]', 'npm run build');
    }

    public function test_webhooks_are_looked_at_if_something_listens_and_the_application_answers_them(): void
    {
        (new Doctor)->assertSkipped('Webhooks', 'listens for nothing');

        Event::listen(MemberAdded::class, static fn () => null);
        config(['app.url' => 'http://user:hush@127.0.0.1:'.($port = Port::unused())]);
        (new Doctor)->assertWarned('Webhooks', "http://127.0.0.1:{$port}/canyon/webhooks cannot be reached from here: Connection refused", 'CANYON_WEBHOOK_URL');

        $web = new WebServer($this->skeleton, $port, ['CACHE_STORE' => 'file'] + $this->environment);

        try {
            (new Doctor)->assertPassed('Webhooks', "http://127.0.0.1:{$port}/canyon/webhooks takes them (member_added)");

            config(['canyon.webhooks.url' => "http://127.0.0.1:{$port}/canyon/webhooks?token=hush"]);
            (new Doctor)->assertPassed('Webhooks', "http://127.0.0.1:{$port}/canyon/webhooks takes them");

            config(['canyon.webhooks.url' => "http://127.0.0.1:{$port}/nowhere"]);
            (new Doctor)->assertWarned('Webhooks', '/nowhere answers with status 404', 'CANYON_WEBHOOK_URL');
        } finally {
            $web->stop();
        }
    }

    private function process(string $directory, string $commandLine, int $user): void
    {
        mkdir($directory, recursive: true);
        file_put_contents("{$directory}/cmdline", $commandLine);
        chown($directory, $user);
    }
}
