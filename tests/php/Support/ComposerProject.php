<?php

namespace Canyon\Tests\Support;

use Illuminate\Filesystem\Filesystem;
use Illuminate\Foundation\Application;
use PHPUnit\Framework\Assert;
use RuntimeException;
use Symfony\Component\Process\Process;

/**
 * An application that Composer installed Canyon into, without a registry: Canyon as it would be downloaded, Laravel as
 * Debian packages it, and what both require as packages without files, in the versions there really are.
 */
final class ComposerProject
{
    private function __construct(public readonly string $path)
    {
        //
    }

    public static function create(): self
    {
        $share = dirname((string) getenv('LARAVEL_AUTOLOAD'), 2);

        if (! is_executable((string) getenv('CANYON_COMPOSER')) || ! is_dir("{$share}/Illuminate")) {
            Assert::markTestSkipped('Needs the Composer and the Laravel of tests/setup/env.sh.');
        }

        $project = new self(Skeleton::create()->path);

        $project->downloadLibrary();

        $project->write('composer.json', json_encode([
            'name' => 'canyon/tests',
            'require' => ['canyon/laravel' => '@dev', 'laravel/framework' => '*'],
            'repositories' => [
                ['packagist.org' => false],
                ['type' => 'path', 'url' => 'library', 'options' => ['symlink' => false]],
                ['type' => 'package', 'package' => [...self::framework($share), ...$project->requirements(dirname($share).'/doc')]],
            ],
        ], JSON_THROW_ON_ERROR | JSON_PRETTY_PRINT));

        return $project;
    }

    /**
     * Run Composer in the project.
     */
    public function composer(string ...$arguments): Process
    {
        $process = new Process([(string) getenv('CANYON_COMPOSER'), ...$arguments], $this->path, ['CANYON_EXTENSION' => false], timeout: 60);
        $process->run();

        return $process;
    }

    public function write(string $file, string $contents): void
    {
        file_put_contents("{$this->path}/{$file}", $contents);
    }

    /**
     * Where the library lies that Composer installs.
     */
    public function library(): string
    {
        return $this->path.'/library';
    }

    public function delete(): void
    {
        (new Filesystem)->deleteDirectory($this->path);
    }

    /**
     * The library as Composer downloads it: what `git archive` makes of the files as they are now, committed or not.
     */
    private function downloadLibrary(): void
    {
        $archive = "{$this->path}/library.tar";
        $index = ['GIT_INDEX_FILE' => "{$this->path}/index"];

        self::git(['add', '--all', '.'], $index);
        self::git(['archive', "--output={$archive}", trim(self::git(['write-tree'], $index))]);

        mkdir($this->library());
        (new Process(['tar', '-xf', $archive, '-C', $this->library()]))->mustRun();
    }

    /**
     * Laravel, in the place where it is; its autoload.php brings what it depends on.
     *
     * @return list<array<string, mixed>>
     */
    private static function framework(string $share): array
    {
        return [[
            'name' => 'laravel/framework',
            'version' => Application::VERSION,
            'dist' => ['type' => 'path', 'url' => "{$share}/Illuminate", 'transport-options' => ['symlink' => true]],
            'autoload' => ['files' => ['autoload.php']],
        ]];
    }

    /**
     * Everything that Canyon requires, as packages without files.
     *
     * @return list<array<string, mixed>>
     */
    private function requirements(string $documentation): array
    {
        $required = json_decode((string) file_get_contents($this->library().'/composer.json'), true, flags: JSON_THROW_ON_ERROR)['require'];
        $packages = [];

        foreach (array_keys($required) as $name) {
            if (str_contains($name, '/')) {
                $packages[] = ['name' => $name, 'version' => self::debianVersion($documentation, $name), 'type' => 'metapackage'];
            }
        }

        return $packages;
    }

    /**
     * The version of a package that Debian has, read from the changelog it comes with.
     */
    private static function debianVersion(string $documentation, string $name): string
    {
        $changelog = "{$documentation}/php-".str_replace('/', '-', $name).'/changelog.Debian.gz';
        $line = is_file($changelog) ? (gzfile($changelog)[0] ?? '') : '';

        if (preg_match('/\((?:\d+:)?(\d+(?:\.\d+)*)/', $line, $matches) !== 1) {
            throw new RuntimeException("There is no version of {$name} in {$changelog}: is it part of Laravel?");
        }

        return $matches[1];
    }

    /**
     * @param  list<string>  $arguments
     * @param  array<string, string>  $environment
     */
    private static function git(array $arguments, array $environment = []): string
    {
        $root = dirname(__DIR__, 3);

        return (new Process(['git', '-c', "safe.directory={$root}", ...$arguments], $root, $environment))->mustRun()->getOutput();
    }
}
