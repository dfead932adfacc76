<?php

namespace Canyon\Console;

use Canyon\Broadcasting\Transports\ExtensionTransport;
use Canyon\Events\LifecycleDispatcher;
use Canyon\Exception;
use Canyon\Server;
use Canyon\ServerSettings;
use Canyon\Webhooks\WebhookRoute;
use Illuminate\Console\Command;
use Symfony\Component\Console\Attribute\AsCommand;

#[AsCommand(name: 'canyon:start')]
class StartCommand extends Command
{
    /**
     * How many milliseconds to wait for the server at a time.
     *
     * A signal ends the wait, but one that comes just before the wait begins is only seen after it.
     */
    protected const POLL_TIMEOUT = 50;

    /**
     * The name and signature of the console command.
     *
     * @var string
     */
    protected $signature = 'canyon:start
                {--host= : The IP address the server should bind to}
                {--port= : The port the server should listen on}
                {--listen=* : An address the server should listen on, "HOST:PORT" or "unix:/path"}
                {--sidecar : Replace this process with the canyon binary instead of hosting the server in PHP}
                {--no-parent : Serve in this process alone, without a parent that restarts and reloads the server}
                {--debug : Print each connect, subscribe, event and refusal}
                {--payloads : Print the data of the events too; turns --debug on}';

    /**
     * The console command description.
     *
     * @var string
     */
    protected $description = 'Start the Canyon server';

    /**
     * Indicates if the server should keep running.
     */
    protected bool $running = true;

    /**
     * The signal that ended it.
     */
    protected ?int $signal = null;

    /**
     * Execute the console command.
     */
    public function handle(): int
    {
        try {
            $this->option('sidecar') ? $this->becomeServer() : $this->hostServer();
        } catch (Exception $e) {
            $this->components->error($e->getMessage());

            return self::FAILURE;
        }

        return self::SUCCESS;
    }

    /**
     * Have the server print what happens, if this is asked for.
     *
     * It looks into the environment of its process, whether PHP hosts the server or is replaced by it.
     */
    protected function configureDebugView(): void
    {
        $filter = match (true) {
            $this->option('payloads') => 'info,view=trace',
            $this->option('debug') => 'info,view=debug',
            default => null,
        };

        if ($filter === null) {
            return;
        }

        if (($configured = (string) getenv('CANYON_LOG')) === '') {
            putenv("CANYON_LOG={$filter}");
        } else {
            $this->components->warn("CANYON_LOG is set to [{$configured}] and decides what is printed. Unset it for --debug and --payloads to take effect.");
        }
    }

    /**
     * Host the server in this process until a signal ends it.
     */
    protected function hostServer(): void
    {
        $this->ensureExtensionIsLoaded();
        $this->ensureSignalsAreRespected();

        $settings = $this->settings();

        $server = new Server($settings);

        if ($this->needsParent() && ServerParent::isPossible()) {
            ServerParent::become();
        }

        $this->configureDebugView();

        $server->start();

        $this->describe($settings);
        $this->components->info('Canyon is listening on ['.implode('], [', $settings['listen']).'].');

        $events = $this->laravel->make(LifecycleDispatcher::class);

        // An event that waits already is returned at once, so the signal is looked for between any two of them.
        while ($this->running) {
            if ($event = $server->poll(self::POLL_TIMEOUT)) {
                $events->dispatch($event);
            } elseif (! $server->isServing()) {
                return;
            }
        }

        $this->components->info('Stopping the server.');

        // Another signal meanwhile closes those who are left at once.
        $server->stop($this->signal === SIGINT ? 0 : ($settings['drain_seconds'] ?? 0) * 1000);
    }

    /**
     * Replace this process with the canyon binary.
     */
    protected function becomeServer(): void
    {
        $settings = $this->settings();
        $binary = ServerBinary::find(config('canyon.server.binary'), $this->laravel->basePath());

        $this->configureDebugView();

        if (ServerParent::isPresent()) {
            $binary->exec($settings, ['serve']);
        }

        $this->components->info("Handing over to [{$binary->path}].");
        $this->describe($settings);

        // Its parent starts this command again for each generation, which then has the settings of its time.
        $this->needsParent()
            ? $binary->exec($settings, ['serve'], ServerParent::environment())
            : $binary->exec($settings, ['serve', '--no-parent']);
    }

    /**
     * Determine if this process should become the parent of a server rather than one itself.
     */
    protected function needsParent(): bool
    {
        return ! $this->option('no-parent') && ! ServerParent::isPresent();
    }

    /**
     * Get the settings of the server, with the options of this command in place.
     *
     * @return array<string, mixed>
     */
    protected function settings(): array
    {
        // Hosted in PHP, the server tells this process what happens.
        $webhook = $this->option('sidecar') ? $this->laravel->make(WebhookRoute::class)->settings() : null;

        return (new ServerSettings(
            (array) config('canyon'),
            $this->option('listen'),
            $this->option('host'),
            $this->option('port'),
            array_filter([$webhook]),
        ))->toArray();
    }

    /**
     * Show what people look for when events do not arrive.
     *
     * @param  array<string, mixed>  $settings
     */
    protected function describe(array $settings): void
    {
        $this->components->twoColumnDetail('App ID', $settings['app'][0]['id']);
        $this->components->twoColumnDetail('App key', $settings['app'][0]['key']);
        $this->components->twoColumnDetail('Queue directory', $settings['queue']);

        foreach ($settings['app'][0]['webhooks'] ?? [] as $webhook) {
            $this->components->twoColumnDetail('Webhook', WebhookRoute::withoutSecrets($webhook['url']).' ('.(implode(', ', $webhook['events'] ?? []) ?: 'all events').')');
        }

        $this->newLine();
    }

    /**
     * Ensure that the server can run inside of PHP.
     */
    protected function ensureExtensionIsLoaded(): void
    {
        if (! ExtensionTransport::isAvailable()) {
            throw new Exception('The canyon PHP extension is not loaded in '.PHP_BINARY.' ('.(php_ini_loaded_file() ?: 'no php.ini').'). Install it, or run the canyon binary instead with [php artisan canyon:start --sidecar].');
        }
    }

    /**
     * Ensure that the server is stopped in order by a process manager or Ctrl-C, where PHP can handle signals.
     */
    protected function ensureSignalsAreRespected(): void
    {
        $this->trap(static fn () => [SIGINT, SIGTERM], function (int $signal) {
            $this->running = false;
            $this->signal ??= $signal;
        });
    }
}
