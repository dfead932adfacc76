<?php

namespace Canyon\Installer;

use ParseError;

/**
 * The file in which channels are defined, and that it is loaded: from then on there is a route that authorizes them.
 */
final class ChannelRoutes implements Step
{
    private const PATH = 'routes/channels.php';

    private const BOOTSTRAP = 'bootstrap/app.php';

    private const ARGUMENT = "channels: __DIR__.'/../routes/channels.php',";

    private const PROVIDER = 'App\\Providers\\BroadcastServiceProvider';

    /**
     * Create a new step instance.
     *
     * @param  bool  $routed  whether the application has a route that authorizes channels
     */
    public function __construct(private readonly Project $project, private readonly bool $routed)
    {
        //
    }

    /**
     * Propose to create the file, and to load it.
     *
     * @return iterable<Proposal>
     */
    public function propose(): iterable
    {
        if ($this->routed) {
            yield Proposal::settled(self::PATH);

            return;
        }

        yield $this->project->has(self::PATH)
            ? Proposal::settled(self::PATH)
            : Proposal::edit(self::PATH, null, (string) file_get_contents(__DIR__.'/../../../stubs/install/channels.php'));

        try {
            yield $this->registration();
        } catch (ParseError $e) {
            yield Proposal::byHand(self::BOOTSTRAP, "A file is not valid PHP: {$e->getMessage()} in line {$e->getLine()}.");
        }
    }

    /**
     * Propose to have the file loaded: in the way of the application's skeleton, old or new.
     */
    private function registration(): Proposal
    {
        $code = new PhpCode((string) $this->project->read(self::BOOTSTRAP));
        $routing = $code->call('withRouting');

        return match (true) {
            $code->call('withBroadcasting') !== null => Proposal::settled(self::BOOTSTRAP),
            $this->hasProvider('bootstrap/providers.php') => Proposal::settled('bootstrap/providers.php'),
            $routing === null => $this->oldSkeleton(),
            $code->endOfArgument($routing, 'channels') !== null => Proposal::settled(self::BOOTSTRAP),
            $code->unpacks($routing) => Proposal::byHand(self::BOOTSTRAP, 'The arguments of withRouting() are unpacked from an array. Add this one:', self::ARGUMENT),
            default => Proposal::edit(self::BOOTSTRAP, $code->text, $this->withArgument($code, $routing)),
        };
    }

    /**
     * Get the text with the file among the arguments of withRouting().
     */
    private function withArgument(PhpCode $code, Brackets $routing): string
    {
        if ($comment = $code->comment('~\A//\s*channels:\s*[^,]+,?\s*\z~', $routing->open, $routing->close)) {
            return substr_replace($code->text, self::ARGUMENT, $comment->pos, strlen(rtrim($comment->text)));
        }

        $position = $code->endOfArgument($routing, 'commands') ?? $code->endOfItems($routing);

        if ($position === null) {
            return $code->insert($routing->open, rtrim(self::ARGUMENT, ','));
        }

        $first = (int) $code->startOfItems($routing);
        $isLast = $position === $code->endOfItems($routing);

        if (! str_contains($code->slice($routing->open, $first), "\n")) {
            $argument = $isLast ? rtrim(self::ARGUMENT, ',') : self::ARGUMENT;

            return preg_match('/\G\s*,/', $code->text, $comma, 0, $position) === 1
                ? $code->insert($position + strlen($comma[0]), " {$argument}")
                : $code->insert($position, ", {$argument}");
        }

        $line = $code->eol.$code->indentation($first).self::ARGUMENT;

        // A comment behind the comma stays there.
        return preg_match('~\G\s*,(?:[ \t]*(?://|\#)[^\r\n]*)?~', $code->text, $comma, 0, $position) === 1
            ? $code->insert($position + strlen($comma[0]), $line)
            : $code->insert($position, ",{$line}");
    }

    /**
     * Propose to register the provider that loads the file in applications of Laravel 10 and before.
     */
    private function oldSkeleton(): Proposal
    {
        $path = 'config/app.php';

        if ($this->project->has('app/Providers/BroadcastServiceProvider.php') && $this->project->has($path)) {
            if ($this->hasProvider($path)) {
                return Proposal::settled($path);
            }

            $code = new PhpCode((string) $this->project->read($path));
            $provider = self::PROVIDER.'::class,';

            if ($comment = $code->comment('~\A(?://|#)\s*\\\\?'.preg_quote(self::PROVIDER).'::class,?\s*\z~')) {
                return Proposal::edit($path, $code->text, substr_replace($code->text, $provider, $comment->pos, strlen(rtrim($comment->text))));
            }

            return Proposal::byHand($path, 'Add the provider that loads routes/channels.php to the list of providers:', $provider);
        }

        return Proposal::byHand(self::BOOTSTRAP, 'It does not call withRouting(), so have routes/channels.php loaded in the way of your application, for example in the boot method of a service provider:', "Broadcast::routes();\n\nrequire base_path('routes/channels.php');");
    }

    /**
     * Determine if a file lists the provider that loads the file.
     */
    private function hasProvider(string $path): bool
    {
        return (new PhpCode($this->project->read($path) ?? ''))->names(self::PROVIDER);
    }
}
