<?php

namespace Canyon;

use Canyon\Broadcasting\BroadcasterFactory;
use Canyon\Broadcasting\ImmediateBroadcastManager;
use Canyon\Broadcasting\Transports\ExtensionTransport;
use Canyon\Console\DoctorCommand;
use Canyon\Console\InstallCommand;
use Canyon\Console\StartCommand;
use Canyon\Console\StatusCommand;
use Canyon\Listeners\DiagnoseServer;
use Illuminate\Broadcasting\BroadcastManager;
use Illuminate\Contracts\Broadcasting\Factory;
use Illuminate\Contracts\Config\Repository;
use Illuminate\Contracts\Foundation\Application;
use Illuminate\Foundation\Console\AboutCommand;
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

        if (! $this->app->runningInConsole()) {
            return;
        }

        $this->publishes([
            __DIR__.'/../config/canyon.php' => $this->app->configPath('canyon.php'),
        ], ['canyon', 'canyon-config']);

        // Boost looks for skills of packages in their resources/boost, and for those of an application in .ai/skills.
        $this->publishes([
            __DIR__.'/../resources/boost/skills' => $this->app->basePath('.ai/skills'),
        ], 'canyon-boost');

        $this->commands([DoctorCommand::class, InstallCommand::class, StartCommand::class, StatusCommand::class]);

        if (class_exists(AboutCommand::class)) {
            AboutCommand::add('Canyon', fn () => [
                'Extension' => ExtensionTransport::isAvailable() ? phpversion('canyon') : '<fg=yellow;options=bold>NOT LOADED</>',
                'Transport' => $this->app->make(Repository::class)->get('canyon.transport'),
            ]);
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
