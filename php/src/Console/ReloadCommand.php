<?php

namespace Canyon\Console;

use Canyon\Exception;
use Canyon\ServerSettings;
use Illuminate\Console\Command;
use Symfony\Component\Console\Attribute\AsCommand;

#[AsCommand(name: 'canyon:reload')]
class ReloadCommand extends Command
{
    /**
     * The name and signature of the console command.
     *
     * @var string
     */
    protected $signature = 'canyon:reload';

    /**
     * The console command description.
     *
     * @var string
     */
    protected $description = 'Replace the running Canyon server by a new one without disconnecting anybody';

    /**
     * Execute the console command.
     */
    public function handle(): int
    {
        try {
            $settings = (new ServerSettings((array) config('canyon')))->toArray();

            $answer = ServerDoor::of($settings['queue'])->reload($this->laravel->basePath());
        } catch (Exception $e) {
            $this->components->error($e->getMessage());

            return self::FAILURE;
        }

        if (isset($answer['refused'])) {
            $this->components->error("The server was not reloaded and runs as before: {$answer['refused']}.");

            return self::FAILURE;
        }

        $this->components->info($this->describe($answer));

        return self::SUCCESS;
    }

    /**
     * Describe what came of the reload.
     *
     * @param  array<string, mixed>  $answer
     */
    protected function describe(array $answer): string
    {
        if (isset($answer['replaced'])) {
            return "Reloaded: {$answer['replaced']}.";
        }

        $description = "Reloaded: {$answer['clients']} clients were handed over, nothing was delivered for ".round($answer['pause_us'] / 1000, 1).' ms.';

        return match ($answer['drained'] ?? 0) {
            0 => $description,
            default => "{$description} {$answer['drained']} clients over TLS were closed and come back.",
        };
    }
}
