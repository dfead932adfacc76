<?php

namespace Canyon\Console;

use Canyon\Doctor\Check;
use Canyon\Doctor\Checks\ChannelsCheck;
use Canyon\Doctor\Checks\CredentialsCheck;
use Canyon\Doctor\Checks\EchoCheck;
use Canyon\Doctor\Checks\HttpApiCheck;
use Canyon\Doctor\Checks\QueueCheck;
use Canyon\Doctor\Checks\TlsCheck;
use Canyon\Doctor\Checks\TransportCheck;
use Canyon\Doctor\Checks\WebhookCheck;
use Canyon\Doctor\Checks\WebSocketCheck;
use Canyon\Doctor\Finding;
use Canyon\Doctor\Installation;
use Canyon\Doctor\Verdict;
use Illuminate\Console\Command;
use Symfony\Component\Console\Attribute\AsCommand;
use Symfony\Component\Console\Formatter\OutputFormatter;

#[AsCommand(name: 'canyon:doctor')]
class DoctorCommand extends Command
{
    /**
     * The name and signature of the console command.
     *
     * @var string
     */
    protected $signature = 'canyon:doctor
                {--url= : The address browsers connect to, for example "https://example.com"}';

    /**
     * The console command description.
     *
     * @var string
     */
    protected $description = 'Find out how events reach the browser, and why they do not';

    /**
     * How often each verdict was given.
     *
     * @var array<string, int>
     */
    protected array $verdicts = [];

    /**
     * Execute the console command.
     */
    public function handle(): int
    {
        $installation = new Installation($this->laravel, $this->option('url'));

        $this->examine($installation, 'Application', new CredentialsCheck);

        // Without credentials there is nothing to compare with.
        if ($installation->hasCredentials()) {
            $this->examine($installation, 'Publishing', new TransportCheck, new QueueCheck);
            $this->examine($installation, 'Server', new HttpApiCheck, new WebhookCheck);
            $this->examine($installation, 'Browsers', new ChannelsCheck, new EchoCheck, new TlsCheck, new WebSocketCheck);
        }

        return $this->conclude();
    }

    /**
     * Make some checks, and print what they find.
     */
    protected function examine(Installation $installation, string $title, Check ...$checks): void
    {
        $this->newLine();
        $this->components->twoColumnDetail("<fg=green;options=bold>{$title}</>");

        foreach ($checks as $check) {
            foreach ($check($installation) as $finding) {
                $this->report($finding);
            }
        }
    }

    /**
     * Print a finding.
     */
    protected function report(Finding $finding): void
    {
        $verdict = $finding->verdict;
        $this->verdicts[$verdict->value] = ($this->verdicts[$verdict->value] ?? 0) + 1;

        $this->components->twoColumnDetail($finding->subject, "<fg={$verdict->color()};options=bold>{$verdict->value}</>");
        $this->line('    '.OutputFormatter::escape($finding->detail));

        if ($finding->advice !== null) {
            $this->line("    <fg={$verdict->color()}>→</> ".OutputFormatter::escape($finding->advice));
        }
    }

    /**
     * Print the sum of all findings.
     */
    protected function conclude(): int
    {
        $failed = $this->verdicts[Verdict::Failed->value] ?? 0;
        $warnings = $this->verdicts[Verdict::Warning->value] ?? 0;

        $this->newLine();

        match (true) {
            $failed > 0 => $this->components->error($failed === 1 ? 'One check has failed.' : "{$failed} checks have failed."),
            $warnings > 0 => $this->components->warn('Canyon works, with '.($warnings === 1 ? 'one warning.' : "{$warnings} warnings.")),
            default => $this->components->info('Canyon works.'),
        };

        return $failed > 0 ? self::FAILURE : self::SUCCESS;
    }
}
