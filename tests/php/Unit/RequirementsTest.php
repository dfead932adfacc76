<?php

namespace Canyon\Tests\Unit;

use FilesystemIterator;
use PhpToken;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use RecursiveDirectoryIterator;
use RecursiveIteratorIterator;
use ReflectionClass;
use ReflectionFunction;
use SplFileInfo;

class RequirementsTest extends TestCase
{
    /**
     * What the application brings: Laravel's own part, which is no package, and the framework of its tests.
     */
    private const OF_THE_APPLICATION = ['Illuminate\\Foundation', 'PHPUnit'];

    /**
     * Parts of illuminate/support that became packages of their own during Laravel 12.
     */
    private const OF_SUPPORT = ['illuminate/reflection'];

    /**
     * Whose classes they are, the longest namespace first; illuminate/* and symfony/* are told by their names.
     */
    private const PACKAGES = [
        'Carbon' => 'nesbot/carbon',
        'Composer\\InstalledVersions' => 'composer-runtime-api',
        'Dotenv' => 'vlucas/phpdotenv',
        'FFI' => 'ext-ffi',
        'CurlHandle' => 'ext-curl',
        'GuzzleHttp\\Promise' => 'guzzlehttp/promises',
        'GuzzleHttp\\Psr7' => 'guzzlehttp/psr7',
        'GuzzleHttp' => 'guzzlehttp/guzzle',
        'Laravel\\Prompts' => 'laravel/prompts',
        'Monolog' => 'monolog/monolog',
        'Psr\\Log' => 'psr/log',
        'Psr\\Http\\Message' => 'psr/http-message',
        'Psr\\Container' => 'psr/container',
        'Symfony\\Contracts\\EventDispatcher' => 'symfony/event-dispatcher-contracts',
    ];

    public function test_everything_used_is_required_and_everything_required_is_used(): void
    {
        $manifest = self::manifest();
        $used = [];

        foreach (self::usedClasses() as $class => $files) {
            $package = self::packageOf($class);

            if ($package !== null) {
                $used[$package] = "{$class} in {$files[0]}";
            }
        }

        $known = $manifest['require'] + $manifest['suggest'];

        $this->assertSame([], array_diff_key($used, $known), 'composer.json neither requires nor suggests these packages.');
        $this->assertSame([], array_diff_key(
            array_filter($manifest['require'], static fn (string $package) => str_contains($package, '/'), ARRAY_FILTER_USE_KEY),
            $used,
        ), 'composer.json requires these packages, and php/ uses nothing of them.');
    }

    /**
     * @param  list<string>  $functions
     */
    #[DataProvider('extensions')]
    public function test_functions_of_extensions_that_php_may_lack_are_known(string $extension, array $functions): void
    {
        $manifest = self::manifest();

        $this->assertArrayHasKey("ext-{$extension}", $manifest['require'] + $manifest['suggest'], "php/ calls {$functions[0]}().");
    }

    /**
     * The extensions that can be left out of a PHP, and which of their functions are called.
     *
     * @return array<string, array{string, list<string>}>
     */
    public static function extensions(): array
    {
        $calls = [];

        foreach (self::sources() as $source) {
            foreach (PhpToken::tokenize($source) as $token) {
                if (! $token->is([T_STRING, T_NAME_FULLY_QUALIFIED]) || ! function_exists($token->text)) {
                    continue;
                }

                $extension = (new ReflectionFunction($token->text))->getExtensionName();

                if ($extension && in_array($extension = strtolower($extension), ['curl', 'pcntl', 'posix', 'sodium', 'openssl', 'intl', 'sockets', 'zlib', 'ffi'], true)) {
                    $calls[$extension][] = $token->text;
                }
            }
        }

        return array_map(static fn (string $extension) => [$extension, $calls[$extension]], array_combine(array_keys($calls), array_keys($calls)));
    }

    public function test_the_scan_finds_what_it_is_looking_for(): void
    {
        $classes = self::classesIn('<?php namespace Canyon; use Psr\Log\LoggerInterface; use Illuminate\Support\{Str, Arr}; '
            .'use Canyon\Signer; use function Laravel\Prompts\text; new \Carbon\Carbon; // \GuzzleHttp\Client');

        $this->assertSame([
            'Psr\Log\LoggerInterface', 'Illuminate\Support', 'Laravel\Prompts\text', 'Carbon\Carbon',
        ], $classes);
        $this->assertSame('illuminate/collections', self::packageOf('Illuminate\Support\Collection'));
        $this->assertSame('symfony/http-kernel', self::packageOf('Symfony\Component\HttpKernel\Exception\AccessDeniedHttpException'));
        $this->assertSame('nesbot/carbon', self::packageOf('Carbon\CarbonImmutable'));
        $this->assertSame('unknown: Nobody\Knows', self::packageOf('Nobody\Knows'));
        $this->assertNull(self::packageOf('Illuminate\Foundation\Console\AboutCommand'));
    }

    /**
     * @return array<string, mixed>
     */
    private static function manifest(): array
    {
        return json_decode((string) file_get_contents(dirname(__DIR__, 3).'/composer.json'), true, flags: JSON_THROW_ON_ERROR);
    }

    /**
     * The classes and functions of others, and the files that use them.
     *
     * @return array<string, non-empty-list<string>>
     */
    private static function usedClasses(): array
    {
        $used = [];

        foreach (self::sources() as $file => $source) {
            foreach (self::classesIn($source) as $class) {
                $used[$class][] = $file;
            }
        }

        return $used;
    }

    /**
     * @return iterable<string, string>
     */
    private static function sources(): iterable
    {
        $root = dirname(__DIR__, 3).'/php';

        /** @var SplFileInfo $file */
        foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator($root, FilesystemIterator::SKIP_DOTS)) as $file) {
            if ($file->getExtension() === 'php' && ! str_ends_with($file->getFilename(), '.blade.php')) {
                yield substr($file->getPathname(), strlen($root) + 1) => (string) file_get_contents($file->getPathname());
            }
        }
    }

    /**
     * The names with a namespace that a file uses. A name in code is relative to what is imported, or begins with a backslash.
     *
     * @return list<string>
     */
    private static function classesIn(string $source): array
    {
        $classes = [];
        $imports = false;
        $depth = 0;

        foreach (PhpToken::tokenize($source) as $token) {
            if ($token->text === '{') {
                $depth++;
            } elseif ($token->text === '}') {
                $depth--;
            } elseif ($token->is(T_USE)) {
                $imports = $depth === 0;
            } elseif ($token->text === ';') {
                $imports = false;
            } elseif ($token->is(T_NAME_FULLY_QUALIFIED) || ($imports && $token->is(T_NAME_QUALIFIED))) {
                $classes[] = ltrim($token->text, '\\');
            } elseif ($imports && $token->is(T_STRING) && $depth === 0) {
                $classes[] = $token->text;
            }
        }

        return array_values(array_unique(array_filter($classes, static fn (string $class) => str_contains($class, '\\') && ! str_starts_with($class, 'Canyon\\')
            || in_array($class, ['FFI', 'CurlHandle'], true))));
    }

    /**
     * The package that a class is part of; null for what comes with PHP or with the application.
     */
    private static function packageOf(string $class): ?string
    {
        foreach (self::OF_THE_APPLICATION as $namespace) {
            if (str_starts_with($class, "{$namespace}\\")) {
                return null;
            }
        }

        // Parts of illuminate/support became packages under its namespace: the folder tells.
        if (str_starts_with($class, 'Illuminate\\') && (class_exists($class) || interface_exists($class) || trait_exists($class))
            && preg_match('#/Illuminate/(\w+)/#', (string) (new ReflectionClass($class))->getFileName(), $matches) === 1) {
            $package = 'illuminate/'.self::kebab($matches[1]);

            return in_array($package, self::OF_SUPPORT, true) ? 'illuminate/support' : $package;
        }

        if (preg_match('/\A(?:(Illuminate)|Symfony\\\\Component)\\\\(\w+)/', $class, $matches) === 1) {
            return ($matches[1] === '' ? 'symfony/' : 'illuminate/').self::kebab($matches[2]);
        }

        foreach (self::PACKAGES as $namespace => $package) {
            if ($class === $namespace || str_starts_with($class, "{$namespace}\\")) {
                return $package;
            }
        }

        return "unknown: {$class}";
    }

    private static function kebab(string $name): string
    {
        return strtolower((string) preg_replace('/(?<=[a-z])(?=[A-Z])/', '-', $name));
    }
}
