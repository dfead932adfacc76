<?php

namespace Canyon\Installer;

/**
 * The JavaScript that connects Echo in the browser to the server, in the way Laravel sets it up.
 */
final class EchoSetup implements Step
{
    private const OPTIONS = "configureEcho({\n    broadcaster: 'reverb',\n});";

    /**
     * Create a new step instance.
     *
     * @param  bool  $switching  whether the application broadcasts over Canyon from now on
     * @param  string|null  $unchanged  the contents of resources/js/echo.js that Laravel writes for Pusher
     */
    public function __construct(
        private readonly Project $project,
        private readonly PackageJson $packages,
        private readonly bool $switching,
        private readonly ?string $unchanged,
    ) {
        //
    }

    /**
     * Propose to set Echo up where that was not done.
     *
     * @return iterable<Proposal>
     */
    public function propose(): iterable
    {
        if (! $this->packages->exists()) {
            return;
        }

        $framework = $this->packages->framework();

        if (($path = $this->configured()) !== null) {
            yield $this->existing($path);
        } elseif ($this->project->has('webpack.mix.js') && $this->project->first('vite.config.js', 'vite.config.ts', 'vite.config.mjs') === null) {
            yield Proposal::byHand('resources/js', 'The assets are built with Laravel Mix, which knows no VITE_ variables. Set Echo up with this, and give Mix the variables under the names it reads:', $this->stub('js'));
        } elseif ($framework !== null) {
            yield $this->hooks($framework);
        } else {
            yield from $this->plain();
        }
    }

    /**
     * Find the script that sets Echo up, if there is one.
     */
    private function configured(): ?string
    {
        foreach ($this->project->scripts('resources/js') as $path) {
            if ((new Script((string) $this->project->read($path)))->configuresEcho()) {
                return $path;
            }
        }

        return null;
    }

    /**
     * Propose what becomes of a script that sets Echo up; what a human has written there stays.
     */
    private function existing(string $path): Proposal
    {
        $script = new Script((string) $this->project->read($path));
        $broadcaster = $script->broadcaster();

        if ($broadcaster === 'reverb' || ! $this->switching) {
            return Proposal::settled($path);
        }

        if ($this->isUnchanged($script)) {
            return Proposal::edit($path, $script->text, $this->stub(pathinfo($path, PATHINFO_EXTENSION), $script->eol));
        }

        $short = '/(\bconfigureEcho\s*\(\s*\{\s*broadcaster\s*:\s*[\'"])pusher(?=[\'"]\s*,?\s*\}\s*\))/';

        if (preg_match($short, $script->code, $match, PREG_OFFSET_CAPTURE) === 1) {
            return Proposal::edit($path, $script->text, substr_replace($script->text, 'reverb', $match[1][1] + strlen($match[1][0]), strlen('pusher')));
        }

        return Proposal::byHand($path, $broadcaster === null
            ? 'Echo is set up in a way of your own. Canyon needs these options:'
            : "Echo is set up for [{$broadcaster}], with options of your own. Canyon needs these:", $this->options($script));
    }

    /**
     * Determine if a script is the one that Laravel writes for Pusher.
     */
    private function isUnchanged(Script $script): bool
    {
        $normalize = static fn (string $text) => (string) preg_replace('/\s+/', ' ', trim(str_replace('"', "'", $text)));

        return $this->unchanged !== null && $normalize($script->text) === $normalize($this->unchanged);
    }

    /**
     * Propose to configure the hooks of a framework where the application begins.
     */
    private function hooks(Framework $framework): Proposal
    {
        $import = "import { configureEcho } from '{$framework->package()}';";

        if (($path = $this->project->first(...$framework->entries())) === null) {
            return Proposal::byHand($framework->entries()[0], 'There is no such file. Add this where your application begins:', $import."\n\n".self::OPTIONS);
        }

        $script = new Script((string) $this->project->read($path));

        return Proposal::edit($path, $script->text, $script->withAfterImports($import, self::OPTIONS));
    }

    /**
     * Propose a script of its own, and to import it where the application begins.
     *
     * @return iterable<Proposal>
     */
    private function plain(): iterable
    {
        $entry = $this->project->first('resources/js/bootstrap.ts', 'resources/js/bootstrap.js', 'resources/js/app.ts', 'resources/js/app.js');
        $extension = $entry === null ? 'js' : pathinfo($entry, PATHINFO_EXTENSION);
        $path = "resources/js/echo.{$extension}";

        // One that does not set Echo up is about something else.
        if ($this->project->has($path)) {
            yield Proposal::byHand($path, 'The file is there, but does not set Echo up. Do so where you like to:', $this->stub($extension));

            return;
        }

        yield Proposal::edit($path, null, $this->stub($extension));

        if ($entry === null) {
            yield Proposal::byHand('resources/js/app.js', 'There is no such file. Add this where your application begins:', "import './echo';");
        } elseif (! ($script = new Script((string) $this->project->read($entry)))->imports('echo')) {
            yield Proposal::edit($entry, $script->text, $script->withLastLine("import './echo';"));
        }
    }

    /**
     * Get the options that a script should use.
     */
    private function options(Script $script): string
    {
        return str_contains($script->code, 'configureEcho') ? self::OPTIONS : $this->stub('js');
    }

    /**
     * Get the script that sets Echo up.
     */
    private function stub(string $extension, string $eol = "\n"): string
    {
        return str_replace("\n", $eol, (string) file_get_contents(__DIR__.'/../../../stubs/install/echo.'.(str_starts_with($extension, 'ts') ? 'ts' : 'js')));
    }
}
