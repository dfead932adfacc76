<?php

namespace Canyon\Tests;

use Canyon\Publisher;
use ReflectionClass;
use ReflectionExtension;
use ReflectionMethod;

/**
 * What can be said of a class, in words that do not depend on which namespace it is in.
 */
function described(string $class, string $namespace): array
{
    $reflection = new ReflectionClass($class);
    $plain = static fn (?string $name) => $name === null ? null : str_replace($namespace.'\\', '', $name);
    $methods = [];

    foreach ($reflection->getMethods(ReflectionMethod::IS_PUBLIC) as $method) {
        if ($method->getDeclaringClass()->getName() !== $class) {
            continue;
        }

        $methods[$method->getName()] = [
            'returns' => $plain((string) $method->getReturnType()),
            'static' => $method->isStatic(),
            'required' => $method->getNumberOfRequiredParameters(),
            'parameters' => array_map(static fn ($parameter) => [
                $parameter->getName(),
                $plain((string) $parameter->getType()),
                $parameter->isOptional(),
                $parameter->isDefaultValueAvailable() ? $parameter->getDefaultValue() : 'none',
                $parameter->isPassedByReference(),
                $parameter->isVariadic(),
            ], $method->getParameters()),
        ];
    }

    ksort($methods);

    return [
        'final' => $reflection->isFinal(),
        'abstract' => $reflection->isAbstract(),
        'parent' => $plain(($reflection->getParentClass() ?: null)?->getName()),
        'interfaces' => $reflection->getInterfaceNames(),
        'constants' => $reflection->getConstants(),
        'methods' => $methods,
    ];
}

test('the stubs say what reflection says', function () {
    $stubs = file_get_contents(dirname(__DIR__, 3).'/stubs/canyon.php');
    $count = 0;
    $renamed = str_replace(['<?php', 'namespace Canyon;'], ['', 'namespace CanyonStubs;'], $stubs, $count);
    same(2, $count);
    eval($renamed);

    $ours = (new ReflectionExtension('canyon'))->getClassNames();
    sort($ours);
    same(['Canyon\Exception', 'Canyon\Publisher', 'Canyon\QueueFull', 'Canyon\Server'], $ours);
    $declared = array_filter(get_declared_classes(), static fn ($class) => str_starts_with($class, 'CanyonStubs\\'));
    same(count($ours), count($declared));

    foreach ($ours as $class) {
        $stub = str_replace('Canyon\\', 'CanyonStubs\\', $class);
        same(described($stub, 'CanyonStubs'), described($class, 'Canyon'), $class);
    }
});

test('the extension has no functions and only the settings of the stubs', function () {
    $extension = new ReflectionExtension('canyon');
    same([], $extension->getFunctions());
    $stubs = file_get_contents(dirname(__DIR__, 3).'/stubs/canyon.php');
    preg_match_all('/^ \*   (canyon\.\w+) = ?(\S*)/m', $stubs, $matches);
    $documented = array_combine($matches[1], $matches[2]);
    $actual = array_map('strval', $extension->getINIEntries());
    ksort($documented);
    ksort($actual);
    same($documented, $actual);
});

test('objects of the extension cannot be serialised, and cloning is refused or harmless', function () {
    $publisher = new Publisher(Harness::place(), '1');
    thrown(\Exception::class, fn () => serialize($publisher));
    thrown(\Error::class, fn () => clone $publisher);
});
