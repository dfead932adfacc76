<?php

namespace Canyon;

use Canyon\Broadcasting\BroadcasterFactory;
use Canyon\Broadcasting\ImmediateBroadcastManager;
use Canyon\Broadcasting\Transports\ExtensionTransport;
use Canyon\Console\DoctorCommand;
use Canyon\Console\InstallCommand;
use Canyon\Console\ReloadCommand;
use Canyon\Console\StartCommand;
use Canyon\Console\StatusCommand;
use Canyon\Console\TopCommand;
use Canyon\Http\Routes;
use Canyon\Listeners\DiagnoseServer;
use Illuminate\Broadcasting\BroadcastManager;
use Illuminate\Contracts\Broadcasting\Factory;
use Illuminate\Contracts\Config\Repository;
use Illuminate\Contracts\Foundation\Application;
use Illuminate\Foundation\Console\AboutCommand;
use Illuminate\Foundation\DevCommands;
use Illuminate\Foundation\Events\DiagnosingHealth;
use Illuminate\Support\Facades\Facade;
use Illuminate\Support\ServiceProvider;

class CanyonServiceProvider extends ServiceProvider
{
    /**
     * Register the package's services.
     */
    public function register(): void
    {
        $this->mergeConfigFrom(__DIR__.'/../config/canyon.php', 'canyon');

        $this->ensureConnectionIsConfigured();

        $this->app->scoped(CanyonManager::class);

        $this->app->extend(BroadcastManager::class, static fn (BroadcastManager $manager) => ImmediateBroadcastManager::replacing($manager));

        // Another package may have used the facade already, and it holds on to what it was given.
        Facade::clearResolvedInstance(Factory::class);

        $this->callAfterResolving(BroadcastManager::class, static function (BroadcastManager $manager) {
            // Laravel 13 binds the closure to the manager unless it is static.
            $manager->extend('canyon', static fn (Application $app, array $config) => BroadcasterFactory::make($app, $config));
        });
    }

    /**
     * Bootstrap the package's services.
     */
    public function boot(): void
    {
        $this->app->make('events')->listen(DiagnosingHealth::class, DiagnoseServer::class);

        Routes::register($this->app);

        $this->loadViewsFrom(__DIR__.'/../resources/views', 'canyon');

        if (! $this->app->runningInConsole()) {
            return;
        }

        $this->publishes([
            __DIR__.'/../config/canyon.php' => $this->app->configPath('canyon.php'),
        ], ['canyon', 'canyon-config']);

        $this->publishes([
            __DIR__.'/../resources/js/batched-auth.js' => $this->app->resourcePath('js/vendor/canyon/batched-auth.js'),
            __DIR__.'/../resources/js/batched-auth.d.ts' => $this->app->resourcePath('js/vendor/canyon/batched-auth.d.ts'),
        ], ['canyon', 'canyon-js']);

        // Boost looks for skills of packages in their resources/boost, and for those of an application in .ai/skills.
        $this->publishes([
            __DIR__.'/../resources/boost/skills' => $this->app->basePath('.ai/skills'),
        ], 'canyon-boost');

        $this->commands([DoctorCommand::class, InstallCommand::class, ReloadCommand::class, StartCommand::class, StatusCommand::class, TopCommand::class]);

        if (class_exists(AboutCommand::class)) {
            AboutCommand::add('Canyon', fn () => $this->app->make(About::class)->toArray());
        }

        $this->registerDevCommand();

        if (method_exists($this, 'reloads')) {
            $this->reloads('canyon:reload', 'canyon');
        }
    }

    /**
     * Have the server run with "php artisan dev", if there is that command and the application broadcasts with Canyon.
     */
    protected function registerDevCommand(): void
    {
        $config = $this->app->make(Repository::class);

        if (class_exists(DevCommands::class) && $config->get("broadcasting.connections.{$config->get('broadcasting.default')}.driver") === 'canyon') {
            DevCommands::artisan(ExtensionTransport::isAvailable() ? 'canyon:start' : 'canyon:start --sidecar', 'canyon');
        }
    }

    /**
     * Ensure that BROADCAST_CONNECTION=canyon is all an application has to set.
     */
    protected function ensureConnectionIsConfigured(): void
    {
        $config = $this->app->make(Repository::class);

        if (! $config->has('broadcasting.connections.canyon')) {
            $config->set('broadcasting.connections.canyon', ['driver' => 'canyon']);
        }
    }
}
