<?php

namespace Canyon\Installer;

/**
 * The text of a JavaScript or TypeScript file, in which comments and strings never mislead.
 */
final class Script
{
    /**
     * The text with blanks for what is in comments and templates.
     */
    public readonly string $code;

    /**
     * How the lines of the file end.
     */
    public readonly string $eol;

    /**
     * Create a new script instance.
     */
    public function __construct(public readonly string $text)
    {
        $this->code = self::mask($text);
        $this->eol = str_contains($text, "\r\n") ? "\r\n" : "\n";
    }

    /**
     * Determine if the script sets Echo up.
     */
    public function configuresEcho(): bool
    {
        return preg_match('/\bnew\s+Echo\s*(?:<[^>]*>\s*)?\(|\bconfigureEcho\s*\(/', $this->code) === 1;
    }

    /**
     * Get the broadcaster that Echo is set up with, if it is a plain string.
     */
    public function broadcaster(): ?string
    {
        return preg_match('/\bbroadcaster[\'"]?\s*:\s*([\'"])([\w.-]+)\1/', $this->code, $match) === 1 ? $match[2] : null;
    }

    /**
     * Determine if the script imports a module beside it.
     */
    public function imports(string $module): bool
    {
        return preg_match('~\b(?:import|from|require)\s*\(?\s*([\'"])\./'.$module.'(?:\.[jt]sx?)?\1~', $this->code) === 1;
    }

    /**
     * Get the text with code behind the last import, in the style of the imports there are.
     */
    public function withAfterImports(string $import, string $code): string
    {
        [$end, $quote, $semicolons] = $this->lastImport();

        $lines = str_replace("\n", $this->eol, $import."\n\n".$code);
        $lines = $quote === '"' ? str_replace("'", '"', $lines) : $lines;
        $lines = $semicolons ? $lines : (string) preg_replace('/;(?=\r?\n|\z)/', '', $lines);

        return $end === null
            ? $lines.$this->eol.($this->text === '' ? '' : $this->eol.$this->text)
            : substr_replace($this->text, $this->eol.$lines, $end, 0);
    }

    /**
     * Get the text with a line at its end.
     */
    public function withLastLine(string $line): string
    {
        [, $quote, $semicolons] = $this->lastImport();

        $line = $quote === '"' ? str_replace("'", '"', $line) : $line;
        $line = $semicolons ? $line : rtrim($line, ';');
        $text = rtrim($this->text);

        return ($text === '' ? '' : $text.$this->eol.$this->eol).$line.$this->eol;
    }

    /**
     * Find where the line of the last import ends, the quote it uses, and whether a semicolon ends it.
     *
     * @return array{int|null, string, bool}
     */
    private function lastImport(): array
    {
        preg_match_all('/^[ \t]*import\b(?!\s*[.(])[^;\'"]*([\'"])[^\'"\r\n]+\1(?:[ \t]*(?:with|assert)[ \t]*\{[^}]*\})?[ \t]*(;?)[^\r\n]*/m', $this->code, $matches, PREG_OFFSET_CAPTURE);

        if ($matches[0] === []) {
            return [null, "'", true];
        }

        [$import, $position] = end($matches[0]);

        return [$position + strlen($import), end($matches[1])[0], end($matches[2])[0] === ';'];
    }

    /**
     * Replace comments and templates by blanks, so that all positions stay.
     */
    private static function mask(string $text): string
    {
        // What stands before a slash tells a regular expression from a division.
        $pattern = <<<'REGEX'
            ~ (?<comment> //[^\r\n]* | /\*.*?(?:\*/|\z) )
            | (?<template> `(?:\\.|[^`\\])*(?:`|\z) )
            | (?<string> "(?:\\.|[^"\\\r\n])*" | '(?:\\.|[^'\\\r\n])*' )
            | (?<= [(,=:\[!&|?{};\n] ) [ \t]* (?<regex> /(?:\\.|\[(?:\\.|[^\]\\\r\n])*\]|[^/\\\r\n\[])+/ )
            ~xs
            REGEX;

        return (string) preg_replace_callback($pattern, static fn (array $match) => ($match['string'] ?? '') !== ''
            ? $match[0]
            : (string) preg_replace('/[^\r\n]/', ' ', $match[0]), $text);
    }
}
