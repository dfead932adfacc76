<?php

namespace Canyon;

/**
 * A section of the configuration, read for the server: what is not configured is left to it.
 */
final class Options
{
    /**
     * Create a new reader of a section.
     *
     * @param  array<string, mixed>  $options
     */
    public function __construct(private readonly string $section, private readonly array $options)
    {
        //
    }

    /**
     * Get the options that are configured, by how each is written.
     *
     * @param  array<string, 'boolean'|'number'|'text'>  $kinds
     * @return array<string, bool|int|string>
     */
    public function only(array $kinds): array
    {
        $values = [];

        foreach ($kinds as $option => $kind) {
            $value = $this->options[$option] ?? null;

            if ($value !== null && $value !== '') {
                $values[$option] = match ($kind) {
                    'boolean' => $this->boolean($option, $value),
                    'number' => $this->number($option, $value),
                    'text' => $this->text($option, $value),
                };
            }
        }

        return $values;
    }

    /**
     * Get the entries of a list that are not blank.
     *
     * @return list<string>
     */
    public static function filled(mixed $list): array
    {
        return array_values(array_filter(
            array_map(static fn (mixed $entry) => trim((string) $entry), (array) $list),
            static fn (string $entry) => $entry !== '',
        ));
    }

    /**
     * Create the exception for an option that is not what it must be.
     */
    public function mistake(string $option, string $expected, mixed $value): InvalidConfiguration
    {
        $name = ltrim("{$this->section}.{$option}", '.');

        return new InvalidConfiguration("The option [{$name}] in config/canyon.php must be {$expected}, not [".(is_scalar($value) ? $value : gettype($value)).'].');
    }

    /**
     * Get an option that is on or off.
     */
    private function boolean(string $option, mixed $value): bool
    {
        return filter_var($value, FILTER_VALIDATE_BOOLEAN, FILTER_NULL_ON_FAILURE) ?? throw $this->mistake($option, 'true or false', $value);
    }

    /**
     * Get an option that is a number.
     */
    private function number(string $option, mixed $value): int
    {
        return filter_var($value, FILTER_VALIDATE_INT, ['options' => ['min_range' => 0]]) === false
            ? throw $this->mistake($option, 'a whole number', $value)
            : (int) $value;
    }

    /**
     * Get an option that is a name.
     */
    private function text(string $option, mixed $value): string
    {
        return is_string($value) || is_int($value) ? (string) $value : throw $this->mistake($option, 'a text', $value);
    }
}
