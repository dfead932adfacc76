<?php

namespace Canyon\Tests\Unit\Installer;

use Canyon\Installer\EchoSetup;
use Canyon\Installer\PackageJson;
use Canyon\Installer\Project;
use Canyon\Installer\Proposal;
use Illuminate\Filesystem\Filesystem;
use PHPUnit\Framework\TestCase;

final class EchoSetupTest extends TestCase
{
    private string $root;

    protected function setUp(): void
    {
        $this->root = sys_get_temp_dir().'/canyon-scripts-'.bin2hex(random_bytes(8));

        $this->write('package.json', '{}');
    }

    protected function tearDown(): void
    {
        (new Filesystem)->deleteDirectory($this->root);
    }

    public function test_a_set_up_in_a_file_of_any_name_is_enough(): void
    {
        $this->write('resources/js/app.js', "import './plugins/realtime';\n");
        $this->write('resources/js/plugins/realtime.ts', "export default new Echo<'reverb'>({ broadcaster: 'reverb' });\n");

        $this->assertSame([['resources/js/plugins/realtime.ts', null, null]], $this->proposals());
    }

    public function test_scripts_that_others_have_written_are_not_looked_at(): void
    {
        $this->write('resources/js/app.js', '');
        $this->write('resources/js/node_modules/other/index.js', 'new Echo({})');

        $this->assertSame(['resources/js/echo.js', 'resources/js/app.js'], array_column($this->proposals(), 0));
    }

    public function test_a_set_up_of_another_kind_is_left_to_its_author(): void
    {
        $this->write('resources/js/app.js', "new Echo({ broadcaster: connector, key: 'x' });\n");

        $this->assertSame('Echo is set up in a way of your own. Canyon needs these options:', $this->proposals()[0][2]);
    }

    public function test_assets_of_mix_are_left_to_their_author(): void
    {
        $this->write('webpack.mix.js', '');
        $this->write('resources/js/bootstrap.js', '');

        $proposals = $this->proposals();
        $this->assertCount(1, $proposals);
        $this->assertStringStartsWith('The assets are built with Laravel Mix, which knows no VITE_ variables.', (string) $proposals[0][2]);

        // Whoever has come from Mix to Vite may have left its file behind.
        $this->write('vite.config.js', '');
        $this->assertSame(['resources/js/echo.js', 'resources/js/bootstrap.js'], array_column($this->proposals(), 0));
    }

    public function test_a_file_named_echo_that_is_about_something_else_stays(): void
    {
        $this->write('resources/js/app.js', '');
        $this->write('resources/js/echo.js', 'export const echo = (text) => text;');

        $this->assertSame('The file is there, but does not set Echo up. Do so where you like to:', $this->proposals()[0][2]);
    }

    public function test_without_a_file_to_begin_in_the_script_is_made_and_its_import_asked_for(): void
    {
        $proposals = $this->proposals();

        $this->assertSame(['resources/js/echo.js', 'resources/js/app.js'], array_column($proposals, 0));
        $this->assertSame('There is no such file. Add this where your application begins:', $proposals[1][2]);
    }

    public function test_the_framework_of_the_entry_file_is_meant_where_there_are_two(): void
    {
        $this->write('package.json', '{"dependencies": {"react": "*", "vue": "*"}}');
        $this->write('resources/js/app.jsx', '');

        $this->assertStringStartsWith("import { configureEcho } from '@laravel/echo-react';", (string) $this->proposals()[0][1]);
    }

    /**
     * @return list<array{string, string|null, string|null}>
     */
    private function proposals(): array
    {
        $project = new Project($this->root);

        return array_map(
            static fn (Proposal $proposal) => [$proposal->path, $proposal->after, $proposal->reason],
            iterator_to_array((new EchoSetup($project, new PackageJson($project), true, null))->propose(), false),
        );
    }

    private function write(string $path, string $contents): void
    {
        (new Filesystem)->ensureDirectoryExists(dirname("{$this->root}/{$path}"));

        file_put_contents("{$this->root}/{$path}", $contents);
    }
}
