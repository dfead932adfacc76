<?php

namespace Canyon\Installer;

use ParseError;
use PhpToken;

/**
 * The text of a PHP file with its tokens, in which places to edit are found; comments and strings never mislead it.
 */
final class PhpCode
{
    /**
     * The tokens that mean something, without white space and comments.
     *
     * @var list<PhpToken>
     */
    private array $tokens;

    /**
     * How the lines of the file end.
     */
    public readonly string $eol;

    /**
     * Create a new code instance.
     *
     * @throws ParseError
     */
    public function __construct(public readonly string $text)
    {
        $this->tokens = array_values(array_filter(
            PhpToken::tokenize($text, TOKEN_PARSE),
            static fn (PhpToken $token) => ! $token->isIgnorable(),
        ));

        $this->eol = str_contains($text, "\r\n") ? "\r\n" : "\n";
    }

    /**
     * Find the array that the file returns.
     */
    public function returned(): ?Brackets
    {
        $depth = 0;

        foreach ($this->tokens as $index => $token) {
            $depth += $this->nesting($token);

            if ($depth === 0 && $token->is(T_RETURN)) {
                return $this->arrayAt($index + 1);
            }
        }

        return null;
    }

    /**
     * Find the arguments of the first call of a method or function.
     */
    public function call(string $name): ?Brackets
    {
        foreach ($this->tokens as $index => $token) {
            if ($token->is(T_STRING) && $token->text === $name && ($this->tokens[$index + 1] ?? null)?->text === '(') {
                return $this->brackets($index + 1);
            }
        }

        return null;
    }

    /**
     * Find the array that stands under a string key of another.
     */
    public function arrayUnder(Brackets $array, string $key): ?Brackets
    {
        foreach ($array->items as [$first]) {
            if ($this->keyAt($first) === $key) {
                return $this->arrayAt($first + 2);
            }
        }

        return null;
    }

    /**
     * Get the string keys of an array.
     *
     * @return list<string>
     */
    public function keys(Brackets $array): array
    {
        return array_values(array_filter(array_map(fn (array $item) => $this->keyAt($item[0]), $array->items), 'is_string'));
    }

    /**
     * Get the tokens of the value under a string key, glued together.
     */
    public function valueUnder(Brackets $array, string $key): ?string
    {
        foreach ($array->items as [$first, $last]) {
            if ($this->keyAt($first) === $key) {
                return implode('', array_column(array_slice($this->tokens, $first + 2, $last - $first - 1), 'text'));
            }
        }

        return null;
    }

    /**
     * Get where the item of an argument that is passed by name ends.
     */
    public function endOfArgument(Brackets $arguments, string $name): ?int
    {
        return ($last = $this->argument($arguments, $name)) === null ? null : $this->end($last);
    }

    /**
     * Determine if some arguments are unpacked from an array.
     */
    public function unpacks(Brackets $arguments): bool
    {
        foreach ($arguments->items as [$first]) {
            if ($this->tokens[$first]->is(T_ELLIPSIS)) {
                return true;
            }
        }

        return false;
    }

    /**
     * Determine if a constant of a class is named, in whatever way the class is imported.
     */
    public function names(string $class): bool
    {
        foreach ($this->tokens as $index => $token) {
            if (strtolower($token->text) === 'class' && ($this->tokens[$index - 1] ?? null)?->is(T_DOUBLE_COLON)) {
                $name = ltrim($this->tokens[$index - 2]->text, '\\');

                if ($name === $class || $name === substr((string) strrchr($class, '\\'), 1)) {
                    return true;
                }
            }
        }

        return false;
    }

    /**
     * Find a comment of which the pattern matches the whole text.
     */
    public function comment(string $pattern, int $from = 0, int $to = PHP_INT_MAX): ?PhpToken
    {
        foreach (PhpToken::tokenize($this->text) as $token) {
            if ($token->is(T_COMMENT) && $token->pos >= $from && $token->pos < $to && preg_match($pattern, $token->text) === 1) {
                return $token;
            }
        }

        return null;
    }

    /**
     * Get the text of a part of the file.
     */
    public function slice(int $from, int $to): string
    {
        return substr($this->text, $from, $to - $from);
    }

    /**
     * Get where the last item in brackets ends.
     */
    public function endOfItems(Brackets $brackets): ?int
    {
        return $brackets->items === [] ? null : $this->end($brackets->items[array_key_last($brackets->items)][1]);
    }

    /**
     * Get where the first item in brackets begins.
     */
    public function startOfItems(Brackets $brackets): ?int
    {
        return $brackets->items === [] ? null : $this->tokens[$brackets->items[0][0]]->pos;
    }

    /**
     * Get the white space that the line of a position begins with.
     */
    public function indentation(int $position): string
    {
        $line = strrpos(substr($this->text, 0, $position), "\n");

        return preg_match('/\G[ \t]*/', $this->text, $match, 0, $line === false ? 0 : $line + 1) === 1 ? $match[0] : '';
    }

    /**
     * Get the text with something inserted.
     */
    public function insert(int $position, string $text): string
    {
        return substr_replace($this->text, $text, $position, 0);
    }

    /**
     * Read the array that begins with a token, if one does: "[" or "array(".
     */
    private function arrayAt(int $index): ?Brackets
    {
        $token = $this->tokens[$index] ?? null;

        return match (true) {
            $token?->text === '[' => $this->brackets($index),
            (bool) $token?->is(T_ARRAY) => $this->brackets($index + 1),
            default => null,
        };
    }

    /**
     * Read the brackets that begin with a token.
     */
    private function brackets(int $index): ?Brackets
    {
        $items = [];
        $depth = 0;
        $first = $index + 1;

        for ($last = $index; isset($this->tokens[$last]); $last++) {
            $depth += $this->nesting($this->tokens[$last]);

            if ($depth === 0 || ($depth === 1 && $this->tokens[$last]->text === ',')) {
                if ($last > $first) {
                    $items[] = [$first, $last - 1];
                }

                $first = $last + 1;
            }

            if ($depth === 0) {
                return new Brackets($this->end($index), $this->tokens[$last]->pos, $items);
            }
        }

        return null;
    }

    /**
     * Get by how much a token leads deeper into brackets; those in the text of a string do not.
     */
    private function nesting(PhpToken $token): int
    {
        return match (true) {
            $token->is(T_ENCAPSED_AND_WHITESPACE) => 0,
            in_array($token->text, ['[', '(', '{', '${', '#['], true) => 1,
            in_array($token->text, [']', ')', '}'], true) => -1,
            default => 0,
        };
    }

    /**
     * Get the string key that an item of an array begins with.
     */
    private function keyAt(int $index): ?string
    {
        $token = $this->tokens[$index];

        return $token->is(T_CONSTANT_ENCAPSED_STRING) && ($this->tokens[$index + 1] ?? null)?->is(T_DOUBLE_ARROW)
            ? stripslashes(substr($token->text, 1, -1))
            : null;
    }

    /**
     * Find the last token of an argument that is passed by name.
     */
    private function argument(Brackets $arguments, string $name): ?int
    {
        foreach ($arguments->items as [$first, $last]) {
            if ($this->tokens[$first]->text === $name && ($this->tokens[$first + 1] ?? null)?->text === ':') {
                return $last;
            }
        }

        return null;
    }

    /**
     * Get the position behind a token.
     */
    private function end(int $index): int
    {
        return $this->tokens[$index]->pos + strlen($this->tokens[$index]->text);
    }
}
