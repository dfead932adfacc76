<?php

namespace Canyon\Installer;

use Canyon\Exception;
use Dotenv\Dotenv;
use Dotenv\Exception\InvalidFileException;
use Dotenv\Parser\Parser;
use Dotenv\Parser\Value;
use Illuminate\Support\Env;

/**
 * The text of an environment file, which stays as it is but for the variables that are written.
 */
final class EnvironmentFile
{
    /**
     * The values of the variables.
     *
     * @var array<string, ?string>
     */
    private readonly array $values;

    /**
     * How the lines of the file end.
     */
    private readonly string $eol;

    /**
     * Create a new environment file instance.
     */
    public function __construct(public readonly string $contents, private readonly string $path = '.env')
    {
        $this->values = self::parse($contents, $path);
        $this->eol = str_contains($contents, "\r\n") ? "\r\n" : "\n";
    }

    /**
     * Get the value of a variable that has one, in the file or in the environment of the process.
     */
    public function get(string $name): ?string
    {
        foreach ([$this->values[$name] ?? '', Env::get($name)] as $value) {
            if ((string) $value !== '') {
                return (string) $value;
            }
        }

        return null;
    }

    /**
     * Write a value so that it is read as it is.
     */
    public static function quote(string $value): string
    {
        return preg_match('~\A[A-Za-z0-9_./:@-]*\z~', $value) === 1 && preg_match('/\A(true|false|null|empty)\z/i', $value) !== 1
            ? $value
            : '"'.addcslashes($value, '"\\$').'"';
    }

    /**
     * Add variables, given as they are written: those with an empty value are filled in, all others are appended.
     *
     * @param  list<array<string, string>>  $groups
     */
    public function with(array ...$groups): self
    {
        $contents = $this->contents;
        $appended = [];

        foreach ($groups as $group) {
            $lines = [];

            foreach ($group as $name => $value) {
                [$contents, $isFilled] = self::assign($contents, $name, $value, onlyEmpty: true);

                if (! $isFilled) {
                    $lines[] = "{$name}={$value}";
                }
            }

            if ($lines !== []) {
                $appended[] = implode($this->eol, $lines).$this->eol;
            }
        }

        if ($appended !== [] && $contents !== '') {
            $contents .= str_ends_with($contents, "\n") ? '' : $this->eol;
            $contents .= str_ends_with($contents, $this->eol.$this->eol) ? '' : $this->eol;
        }

        return $this->verified($contents.implode($this->eol, $appended), array_merge(...$groups));
    }

    /**
     * Give a variable another value, wherever it is set, and add it if it is not.
     */
    public function withChanged(string $name, string $value): self
    {
        [$contents, $isSet] = self::assign($this->contents, $name, $value);

        return $isSet
            ? $this->verified($contents, [$name => $value])
            : $this->with([$name => $value]);
    }

    /**
     * Put another value where a variable is set; what looks like it in a value of several lines stays.
     *
     * @return array{string, bool}
     */
    private static function assign(string $contents, string $name, string $value, bool $onlyEmpty = false): array
    {
        $assignment = <<<'REGEX'
            /^(?<before>[ \t]*(?:export[ \t]+)?(?<name>[\w.]+)[ \t]*=[ \t]*)
            (?<value>"(?:\\.|[^"\\])*" | '[^']*' | [^\#\r\n]*?)
            (?=[ \t]*(?:\#[^\r\n]*)?\r?$)/mx
            REGEX;

        $isAssigned = false;

        $contents = (string) preg_replace_callback($assignment, static function (array $line) use ($name, $value, $onlyEmpty, &$isAssigned) {
            if ($line['name'] !== $name || ($onlyEmpty && ! in_array($line['value'], ['', '""', "''"], true))) {
                return $line[0];
            }

            $isAssigned = true;

            // An empty value has its white space before it.
            return $line['value'] === ''
                ? rtrim($line['before']).$value.substr($line['before'], strlen(rtrim($line['before'])))
                : $line['before'].$value;
        }, $contents);

        return [$contents, $isAssigned];
    }

    /**
     * Get the new file, having made sure that what is read from it differs in these variables only.
     *
     * @param  array<string, string>  $written
     */
    private function verified(string $contents, array $written): self
    {
        $file = new self($contents, $this->path);

        foreach (array_keys($written) as $name) {
            if (($file->values[$name] ?? '') === '') {
                throw $this->refusal($written);
            }
        }

        return array_diff_key(self::entries($this->contents), $written) === array_diff_key(self::entries($contents), $written)
            ? $file
            : throw $this->refusal($written);
    }

    /**
     * Get the variables as they are written, for one that is made of others changes with them.
     *
     * @return array<string, list<string|null>>
     */
    private static function entries(string $contents): array
    {
        $entries = [];

        foreach ((new Parser)->parse($contents) as $entry) {
            $entries[$entry->getName()][] = $entry->getValue()->map(static fn (Value $value) => $value->getChars())->getOrElse(null);
        }

        return $entries;
    }

    /**
     * Explain that the file is one that cannot be edited safely.
     *
     * @param  array<string, string>  $written
     */
    private function refusal(array $written): Exception
    {
        $lines = implode(', ', array_map(static fn (string $name) => "[{$name}]", array_keys($written)));

        return new Exception("The file [{$this->path}] is written in a way that cannot be edited safely, so it was left alone. Set {$lines} in it yourself.");
    }

    /**
     * Read the variables.
     *
     * @return array<string, ?string>
     */
    private static function parse(string $contents, string $path): array
    {
        try {
            return Dotenv::parse($contents);
        } catch (InvalidFileException $e) {
            throw new Exception("The file [{$path}] is not one that Laravel can read: {$e->getMessage()}", 0, $e);
        }
    }
}
