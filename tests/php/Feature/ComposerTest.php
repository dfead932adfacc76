<?php

namespace Canyon\Tests\Feature;

use Canyon\Tests\Support\ComposerProject;
use Canyon\Tests\Support\Php;
use Illuminate\Filesystem\Filesystem;
use PHPUnit\Framework\Attributes\TestWith;
use PHPUnit\Framework\TestCase;
use SplFileInfo;

class ComposerTest extends TestCase
{
    #[TestWith(['.'])]
    #[TestWith(['stubs/pie'])]
    public function test_composer_finds_nothing_to_complain_about(string $package): void
    {
        $this->withProject(function (ComposerProject $project) use ($package) {
            $validation = $project->composer('validate', '--strict', '--no-check-publish', dirname(__DIR__, 3)."/{$package}/composer.json");

            $this->assertSame(0, $validation->getExitCode(), $validation->getOutput().$validation->getErrorOutput());
        });
    }

    public function test_composer_installs_the_library_and_laravel_finds_it_by_itself(): void
    {
        $this->withProject(function (ComposerProject $project) {
            $installation = $project->composer('install', '--no-scripts');

            $this->assertSame(0, $installation->getExitCode(), $installation->getOutput().$installation->getErrorOutput());

            $project->write('bootstrap/app.php', <<<'PHP'
                <?php

                return Illuminate\Foundation\Application::configure(basePath: dirname(__DIR__))->withExceptions()->create();
                PHP);
            $project->write('artisan', <<<'PHP'
                <?php

                require __DIR__.'/vendor/autoload.php';

                $status = (require __DIR__.'/bootstrap/app.php')->handleCommand(new Symfony\Component\Console\Input\ArgvInput);

                echo 'from ', (new ReflectionClass(Canyon\CanyonServiceProvider::class))->getFileName();

                exit($status);
                PHP);

            $artisan = Php::process([$project->path.'/artisan', 'list', 'canyon'], ['BROADCAST_CONNECTION' => 'canyon']);
            $artisan->run();

            $this->assertSame(0, $artisan->getExitCode(), $artisan->getOutput().$artisan->getErrorOutput());
            $this->assertStringContainsString('canyon:start', $artisan->getOutput());
            $this->assertStringEndsWith("from {$project->path}/vendor/canyon/laravel/php/src/CanyonServiceProvider.php", $artisan->getOutput());
        });
    }

    public function test_what_is_downloaded_is_the_library_and_nothing_of_its_workshop(): void
    {
        $this->withProject(function (ComposerProject $project) {
            $files = self::filesBelow($project->library());

            foreach (['composer.json', 'LICENSE', 'README.md', 'php/config/canyon.php', 'php/src/CanyonServiceProvider.php', 'php/resources/dashboard/dist/app.js', 'php/resources/dashboard/dist/app.css', 'php/resources/dashboard/dist/LICENSES.txt', 'php/resources/views/dashboard.blade.php', 'stubs/canyon.php', 'stubs/canyon.h'] as $needed) {
                $this->assertContains($needed, $files);
            }

            // Whatever arrives below php/, views and built assets too: an ignored one would be missing where it is installed.
            $sources = '#^php/resources/dashboard/(?!dist/)#';
            $this->assertSame([], array_diff(preg_grep($sources, self::filesBelow(dirname(__DIR__, 3).'/php', 'php/'), PREG_GREP_INVERT), $files));
            $this->assertSame([], preg_grep($sources, $files));
            $this->assertSame([], preg_grep('#^(composer\.json|LICENSE|README\.md|php/.+|stubs/(?!pie/).+)$#', $files, PREG_GREP_INVERT));
        });
    }

    /**
     * @return list<string>
     */
    private static function filesBelow(string $directory, string $prefix = ''): array
    {
        return array_map(
            static fn (SplFileInfo $file) => $prefix.substr($file->getPathname(), strlen($directory) + 1),
            (new Filesystem)->allFiles($directory, hidden: true),
        );
    }

    private function withProject(callable $test): void
    {
        $project = ComposerProject::create();

        try {
            $test($project);
        } finally {
            $project->delete();
        }
    }
}
