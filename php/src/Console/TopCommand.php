<?php

namespace Canyon\Console;

use Canyon\Api\Connection;
use Canyon\Api\HttpApi;
use Canyon\Api\Top;
use Canyon\CanyonManager;
use Canyon\Doctor\Installation;
use Canyon\Exception;
use Canyon\ServerUnreachable;
use Canyon\Status\TopView;
use Illuminate\Console\Command;
use Illuminate\Http\Client\Factory;
use Illuminate\Support\Sleep;
use Symfony\Component\Console\Attribute\AsCommand;

#[AsCommand(name: 'canyon:top')]
class TopCommand extends Command
{
    /**
     * How often the first whole second is waited for in which the server counts what happens on each channel.
     */
    protected const FIRST_COUNTS = 3;

    /**
     * The name and signature of the console command.
     *
     * @var string
     */
    protected $signature = 'canyon:top
                {--once : Print the figures once and end}
                {--json : Print the figures as JSON, an object in a line each time}
                {--interval=1 : The seconds between two looks}
                {--limit=20 : How many channels and slow clients to show, 100 at most}
                {--sort=events : What the busiest channels are: "events", "deliveries" or "subscribers"}';

    /**
     * The console command description.
     *
     * @var string
     */
    protected $description = 'Show what keeps the Canyon server busy, each second';

    /**
     * Execute the console command.
     */
    public function handle(CanyonManager $canyon): int
    {
        try {
            $this->ensureOptionsAreValid();

            $installation = new Installation($this->laravel);

            if (function_exists('pcntl_exec') && $binary = $this->binary()) {
                $this->becomeBinary($binary, $installation);
            }

            $this->watch($canyon->connection($installation->connection()));
        } catch (Exception $e) {
            $this->components->error($e->getMessage());

            return self::FAILURE;
        }

        return self::SUCCESS;
    }

    /**
     * Ensure that the options are ones that both forms of the view understand.
     */
    protected function ensureOptionsAreValid(): void
    {
        if (! in_array($this->option('sort'), ['events', 'deliveries', 'subscribers'], true)) {
            throw new Exception("The --sort option must be events, deliveries or subscribers, not [{$this->option('sort')}].");
        }

        if (filter_var($this->option('limit'), FILTER_VALIDATE_INT, ['options' => ['min_range' => 1, 'max_range' => 100]]) === false) {
            throw new Exception("The --limit option must be a number from 1 to 100, not [{$this->option('limit')}].");
        }

        if (filter_var($this->option('interval'), FILTER_VALIDATE_FLOAT, ['options' => ['min_range' => 0.1, 'max_range' => 3600]]) === false) {
            throw new Exception("The --interval option must be 0.1 to 3600 seconds, not [{$this->option('interval')}].");
        }
    }

    /**
     * Get the canyon binary; none, if it is not configured and nowhere to be found.
     */
    protected function binary(): ?ServerBinary
    {
        $configured = (string) config('canyon.server.binary');

        try {
            return ServerBinary::find($configured, $this->laravel->basePath());
        } catch (Exception $e) {
            return $configured === '' ? null : throw $e;
        }
    }

    /**
     * Replace this process with the binary's view, which has charts and keys.
     */
    protected function becomeBinary(ServerBinary $binary, Installation $installation): never
    {
        $app = [
            'id' => $installation->credentials->id(),
            'key' => $installation->credentials->key(),
            'secret' => $installation->credentials->secret(),
        ];

        $binary->exec(
            ['app' => [$app], 'path_prefix' => (string) ($installation->config['server']['path_prefix'] ?? '')],
            [
                'top',
                '--url='.HttpApi::fromConfig($this->laravel->make(Factory::class), $installation->config)->addresses()[0],
                "--app={$app['id']}",
                ...array_map(fn (string $option) => "--{$option}={$this->option($option)}", ['interval', 'limit', 'sort']),
                ...array_map(static fn (string $option) => "--{$option}", array_filter(['once', 'json'], fn (string $option) => $this->option($option))),
            ],
        );
    }

    /**
     * Print what the server tells, again and again unless it is wanted once.
     */
    protected function watch(Connection $server): void
    {
        if ($this->option('once')) {
            $this->show($this->counted($server));

            return;
        }

        while (true) {
            try {
                $this->show($this->look($server));
            } catch (ServerUnreachable $e) {
                $this->components->error($e->getMessage());
            }

            Sleep::for((int) ((float) $this->option('interval') * 1000))->milliseconds();
        }
    }

    /**
     * Print the figures.
     */
    protected function show(Top $top): void
    {
        if ($this->option('json')) {
            $this->output->writeln(json_encode($top, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE), $this->output::OUTPUT_RAW);

            return;
        }

        if (! $this->option('once') && $this->output->isDecorated()) {
            $this->output->write("\e[H\e[2J", false, $this->output::OUTPUT_RAW);
        }

        (new TopView($this->output, $this->components))->render($top, $this->option('sort'));
    }

    /**
     * Get the figures with those of channels, which nobody has counted before somebody looked.
     */
    protected function counted(Connection $server): Top
    {
        $top = $this->look($server);

        for ($looks = 0; $looks < self::FIRST_COUNTS && $top->watchingMs() < 1000; $looks++) {
            Sleep::for(1100)->milliseconds();
            $top = $this->look($server);
        }

        return $top;
    }

    /**
     * Ask the server.
     */
    protected function look(Connection $server): Top
    {
        return $server->top((int) $this->option('limit'), $this->option('sort'));
    }
}
