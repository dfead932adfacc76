<?php

namespace Canyon\Installer;

use ParseError;

/**
 * The connection named "canyon" in config/broadcasting.php.
 */
final class BroadcastingConfig implements Step
{
    private const PATH = 'config/broadcasting.php';

    private const ENTRY = "'canyon' => [\n    'driver' => 'canyon',\n],";

    /**
     * Create a new step instance.
     *
     * @param  string|null  $default  the contents that Laravel gives the file when it is published
     */
    public function __construct(private readonly Project $project, private readonly ?string $default)
    {
        //
    }

    /**
     * Propose to add the connection.
     *
     * @return iterable<Proposal>
     */
    public function propose(): iterable
    {
        $contents = $this->project->read(self::PATH);
        $text = $contents ?? $this->default;

        // Canyon's service provider adds the connection where no file does.
        if ($text === null) {
            yield Proposal::settled(self::PATH);

            return;
        }

        try {
            $code = new PhpCode($text);
        } catch (ParseError $e) {
            yield Proposal::byHand(self::PATH, "The file is not valid PHP: {$e->getMessage()} in line {$e->getLine()}.");

            return;
        }

        $connections = $this->connections($code);

        yield match (true) {
            $connections === null => Proposal::byHand(self::PATH, 'The connections are not written as a plain array. Nothing has to be done, unless you want to see the connection there:', self::ENTRY),
            $this->driver() !== null && $this->driver() !== "'canyon'" => Proposal::byHand(self::PATH, 'A connection of your own has the name [canyon], so it was left alone. Add one for Canyon under another name, and choose that as the default:', str_replace("'canyon' =>", "'canyon-server' =>", self::ENTRY)),
            in_array('canyon', $code->keys($connections), true) => Proposal::settled(self::PATH),
            default => Proposal::edit(self::PATH, $contents, $this->withConnection($code, $connections), $this->default),
        };
    }

    /**
     * Find the array of the connections.
     */
    private function connections(PhpCode $code): ?Brackets
    {
        return ($returned = $code->returned()) === null ? null : $code->arrayUnder($returned, 'connections');
    }

    /**
     * Get the name of the variable that the default connection is taken from.
     */
    public function variable(): ?string
    {
        $value = $this->value('default');

        if ($value === null) {
            return 'BROADCAST_CONNECTION';
        }

        return preg_match('/\A\\\\?(?:env|Env::get)\([\'"](\w+)[\'"]/', $value, $match) === 1 ? $match[1] : null;
    }

    /**
     * Determine if the name "canyon" belongs to a connection of another driver.
     */
    public function isTaken(): bool
    {
        return $this->driver() !== null && $this->driver() !== "'canyon'";
    }

    /**
     * Get the driver of the connection, as it is written.
     */
    private function driver(): ?string
    {
        $connection = $this->value('connections', 'canyon', 'driver');

        return $connection === null ? null : str_replace('"', "'", $connection);
    }

    /**
     * Get a value of the file, as it is written.
     */
    private function value(string ...$keys): ?string
    {
        try {
            $code = new PhpCode($this->project->read(self::PATH) ?? '');
        } catch (ParseError) {
            return null;
        }

        $last = array_pop($keys);
        $array = $code->returned();

        foreach ($keys as $key) {
            $array = $array === null ? null : $code->arrayUnder($array, $key);
        }

        return $array === null ? null : $code->valueUnder($array, $last);
    }

    /**
     * Get the text with the connection as the first one.
     */
    private function withConnection(PhpCode $code, Brackets $connections): string
    {
        // A comment behind the bracket stays there.
        $line = preg_match('~\G[ \t]*(?://[^\r\n]*|\#[^\r\n]*|/\*[^\r\n]*?\*/[ \t]*)?(?=\r?\n)~', $code->text, $match, 0, $connections->open) === 1 ? $match[0] : null;

        if ($line === null) {
            return $code->insert($connections->open, "'canyon' => ['driver' => 'canyon']".($connections->items === [] ? '' : ', '));
        }

        $first = $code->startOfItems($connections);
        $indentation = $first === null ? $code->indentation($connections->open).'    ' : $code->indentation($first);
        $entry = $indentation.str_replace("\n", $code->eol.$indentation, self::ENTRY);
        $position = $connections->open + strlen($line);
        $airy = preg_match('/\G\r?\n[ \t]*\r?\n/', $code->text, $match, 0, $position) === 1 ? $code->eol : '';

        return $code->insert($position, $code->eol.$airy.$entry);
    }
}
