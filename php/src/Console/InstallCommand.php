<?php

namespace Canyon\Console;

use Canyon\Exception;
use Canyon\Installer\BroadcastConnection;
use Canyon\Installer\BroadcastingConfig;
use Canyon\Installer\ChannelRoutes;
use Canyon\Installer\EchoSetup;
use Canyon\Installer\EnvironmentFile;
use Canyon\Installer\LaravelFiles;
use Canyon\Installer\NodePackages;
use Canyon\Installer\Origin;
use Canyon\Installer\PackageJson;
use Canyon\Installer\Progress;
use Canyon\Installer\Project;
use Canyon\Installer\Publication;
use Canyon\Installer\ReverbSettings;
use Canyon\Installer\ServerAdvice;
use Canyon\Installer\Variables;
use Illuminate\Broadcasting\BroadcastController;
use Illuminate\Console\Command;
use Illuminate\Process\Factory;
use Symfony\Component\Console\Attribute\AsCommand;

use function Laravel\Prompts\confirm;

#[AsCommand(name: 'canyon:install')]
class InstallCommand extends Command
{
    use WritesRecipes;

    /**
     * The connections that bring no event to a browser, so that nothing is lost by replacing them.
     */
    protected const SILENT = ['', 'null', 'log'];

    /**
     * The name and signature of the console command.
     *
     * @var string
     */
    protected $signature = 'canyon:install
                {--from= : Whose credentials to take over, "reverb" or "pusher"}
                {--switch : Broadcast over Canyon from now on, without asking}
                {--without-switch : Leave the broadcasting connection as it is, without asking}
                {--without-node : Do not install the JavaScript packages}
                {--deploy= : Write recipes for a server instead, such as "nginx,systemd" or "all"}
                {--force : Overwrite recipes that were changed}
                {--dry-run : Show what would be done, and do nothing}';

    /**
     * The console command description.
     *
     * @var string
     */
    protected $description = 'Install Canyon into the application: configuration, channel routes and Echo';

    /**
     * Execute the console command.
     */
    public function handle(Factory $processes): int
    {
        $project = new Project($this->laravel->basePath());
        $progress = new Progress($project, $this->components, $this->output, (bool) $this->option('dry-run'));

        try {
            $this->newLine();

            $this->input->hasParameterOption('--deploy')
                ? $this->writeRecipes($project, $progress)
                : $this->install($project, $progress, $processes);
        } catch (Exception $e) {
            $this->components->error($e->getMessage());

            return self::FAILURE;
        }

        return $progress->failures === 0 ? self::SUCCESS : self::FAILURE;
    }

    /**
     * Take the steps of the installation.
     */
    protected function install(Project $project, Progress $progress, Factory $processes): void
    {
        $environment = $project->relative($this->laravel->environmentFilePath());
        $file = new EnvironmentFile($project->read($environment) ?? '', $environment);
        $broadcasting = new BroadcastingConfig($project, LaravelFiles::broadcastingConfig());
        $connection = $this->connection($broadcasting, $file);
        $origin = Origin::of($file, $this->option('from'), $this->driver($connection));
        $switching = ! $broadcasting->isTaken() && $this->shouldSwitch($connection, $broadcasting->variable() ?? 'The default connection');
        $packages = new PackageJson($project);

        $reverb = $this->reverb($origin);

        $this->describe($origin, $file);

        $progress->take(new Publication($project, $project->relative($this->laravel->configPath('canyon.php')), __DIR__.'/../../config/canyon.php'));
        $progress->take(new Variables($project, $environment, $origin, $reverb->variables()));
        $progress->take($broadcasting);
        $progress->take(new ChannelRoutes($project, $this->authorizesChannels()));
        $progress->take(new EchoSetup($project, $packages, $switching, LaravelFiles::pusherScript()));

        if ($switching) {
            $progress->take(new BroadcastConnection($project, $environment, $broadcasting->variable()));
        }

        $progress->take($reverb);

        $hasInstalled = $this->installNodePackages(new NodePackages($project, $packages, $processes));

        $this->conclude($progress, $hasInstalled, $packages);
    }

    /**
     * Get the settings of Reverb, if the application is one of Reverb's.
     */
    protected function reverb(Origin $origin): ReverbSettings
    {
        $config = $this->laravel->make('config');

        return new ReverbSettings($origin === Origin::Reverb ? (array) $config->get('reverb') : [], (array) $config->get('canyon'));
    }

    /**
     * Say whose credentials are used, where it may be a surprise.
     */
    protected function describe(Origin $origin, EnvironmentFile $file): void
    {
        if ($origin !== Origin::Canyon) {
            $this->components->info("Taking over {$origin->name}'s credentials: clients keep the key they have.");
        } elseif (($from = Origin::tryFrom((string) $this->option('from'))) && $file->get('CANYON_APP_KEY') !== $file->get("{$from->prefix()}APP_KEY")) {
            $this->components->warn("Canyon has credentials already, so {$from->name}'s are not taken over. Remove CANYON_APP_ID, CANYON_APP_KEY and CANYON_APP_SECRET to do so.");
        }
    }

    /**
     * Determine if the application shall broadcast over Canyon from now on.
     */
    protected function shouldSwitch(string $connection, string $variable): bool
    {
        if ($this->driver($connection) === 'canyon' || $this->option('without-switch')) {
            return false;
        }

        return match (true) {
            (bool) $this->option('switch') => true,
            $this->canAsk() => confirm(
                'Would you like to broadcast over Canyon from now on?',
                hint: $connection === '' ? "{$variable} is not set." : "{$variable} is [{$connection}].",
            ),
            in_array($connection, self::SILENT, true) => true,
            default => $this->keep($connection, $variable),
        };
    }

    /**
     * Determine if there is somebody to ask; without a terminal, prompts would answer themselves.
     */
    protected function canAsk(): bool
    {
        return $this->input->isInteractive() && ((defined('STDIN') && stream_isatty(STDIN)) || $this->laravel->runningUnitTests());
    }

    /**
     * Leave a connection that is in use as it is, and say so.
     */
    protected function keep(string $connection, string $variable): bool
    {
        $this->components->warn("{$variable} stays [{$connection}], for nobody can be asked. Run the command with --switch to broadcast over Canyon.");

        return false;
    }

    /**
     * Get the name of the application's default connection; a cached configuration may know an older one.
     */
    protected function connection(BroadcastingConfig $broadcasting, EnvironmentFile $file): string
    {
        $variable = $broadcasting->variable();

        return ($variable === null ? null : $file->get($variable)) ?? (string) $this->laravel->make('config')->get('broadcasting.default');
    }

    /**
     * Get the driver of a broadcasting connection.
     */
    protected function driver(string $connection): string
    {
        return (string) $this->laravel->make('config')->get("broadcasting.connections.{$connection}.driver");
    }

    /**
     * Determine if the application has a route that authorizes channels, wherever it may be defined.
     */
    protected function authorizesChannels(): bool
    {
        foreach ($this->laravel->make('router')->getRoutes() as $route) {
            if (ltrim($route->getActionName(), '\\') === BroadcastController::class.'@authenticate') {
                return true;
            }
        }

        return false;
    }

    /**
     * Install the JavaScript packages, unless they are there or not wanted; what fails can be done by hand.
     */
    protected function installNodePackages(NodePackages $packages): bool
    {
        if ($packages->missing() === [] || $this->option('without-node')) {
            return false;
        }

        $command = implode(' ', $packages->command());

        if ($this->option('dry-run')) {
            $this->components->twoColumnDetail($command, '<fg=yellow;options=bold>WOULD BE RUN</>');

            return true;
        }

        if ($this->canAsk() && ! confirm('Would you like to install the JavaScript packages of Echo?', hint: $command)) {
            $this->components->warn("Install them when you like to: [{$command}].");

            return false;
        }

        $this->components->info("Installing the JavaScript packages of Echo: [{$command}].");

        if (($result = $packages->install())->failed()) {
            $this->line(trim($result->errorOutput().$result->output()));
            $this->components->warn("The JavaScript packages could not be installed. Run this yourself: [{$command}].");
        }

        return true;
    }

    /**
     * Say what was done, and what comes next.
     */
    protected function conclude(Progress $progress, bool $hasInstalled, PackageJson $packages): void
    {
        $server = new ServerAdvice((array) $this->laravel->make('config')->get('canyon'), $this->laravel->basePath());

        if ($server->hasExtension()) {
            $this->components->twoColumnDetail('The canyon extension '.phpversion('canyon'), '<fg=green;options=bold>LOADED</>');
        } else {
            $this->components->warn('The canyon extension is not loaded.');

            foreach ($server->lines() as $line) {
                $this->line($line === '' ? '' : "    {$line}");
            }

            $this->newLine();
        }

        if ($this->laravel->configurationIsCached() && $progress->edits > 0) {
            $this->components->warn('The configuration is cached. Run [php artisan config:cache] for the changes to take effect.');
        }

        if ($progress->failures > 0) {
            $this->components->error('Not everything could be done. What was done stays; run the command again when the rest is mended.');

            return;
        }

        if ($progress->edits === 0 && ! $hasInstalled) {
            $this->components->info($progress->byHand === 0 ? 'Nothing to do: Canyon is installed.' : 'Nothing to do but what is left to you above.');

            return;
        }

        $this->components->info($this->option('dry-run') ? 'Nothing was changed.' : 'Canyon installed successfully.');

        $this->components->bulletList(array_filter([
            "Start the server: {$server->startCommand()}.",
            $packages->exists() ? "Build the assets: {$packages->manager()->build()} (or dev)." : null,
            'See whether events arrive: php artisan canyon:doctor.',
            $this->laravel->make('router')->has('canyon.dashboard.overview') ? 'Look at them pass: '.$this->laravel->make('url')->route('canyon.dashboard.overview').'.' : null,
        ]));
    }
}
