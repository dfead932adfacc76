<?php

namespace Canyon\Console;

use Canyon\Api\ServerStatus;
use Canyon\CanyonManager;
use Canyon\Doctor\Installation;
use Canyon\Exception;
use Canyon\Status\QueueStatus;
use Canyon\Status\Report;
use Illuminate\Console\Command;
use Illuminate\Support\Carbon;
use Symfony\Component\Console\Attribute\AsCommand;
use Symfony\Component\Console\Formatter\OutputFormatter;

#[AsCommand(name: 'canyon:status')]
class StatusCommand extends Command
{
    /**
     * How many milliseconds the rates are measured for.
     */
    protected const INTERVAL = 1000;

    /**
     * The name and signature of the console command.
     *
     * @var string
     */
    protected $signature = 'canyon:status
                {--json : Print the status as JSON}';

    /**
     * The console command description.
     *
     * @var string
     */
    protected $description = 'Show what the Canyon server is doing';

    /**
     * Execute the console command.
     */
    public function handle(CanyonManager $canyon): int
    {
        try {
            $installation = new Installation($this->laravel);
            $report = Report::make($installation, $canyon->connection($installation->connection()), self::INTERVAL);
        } catch (Exception $e) {
            $this->fail($e->getMessage());
        }

        if ($this->option('json')) {
            $this->line(json_encode($report->toArray(), JSON_THROW_ON_ERROR | JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE));
        } else {
            $this->describe($report);
        }

        return $report->problems() === [] ? self::SUCCESS : self::FAILURE;
    }

    /**
     * Print a report.
     */
    protected function describe(Report $report): void
    {
        if ($report->server !== null) {
            $this->describeServer($report->server);
            $this->describeRates($report->rates);
            $this->describeLosses($report->server);
        }

        $this->section('Publishing');
        $this->detail('Transport', $report->transport);
        $this->detail('Extension', $report->extension === null ? 'not loaded' : "version {$report->extension}");

        if ($report->queue !== null) {
            $this->describeQueue($report->queue);
        }

        $this->newLine();

        array_map(fn (string $warning) => $this->components->warn(OutputFormatter::escape($warning)), $report->warnings());
        array_map(fn (string $problem) => $this->components->error(OutputFormatter::escape($problem)), $report->problems());
    }

    /**
     * Print who is there.
     */
    protected function describeServer(ServerStatus $server): void
    {
        $this->section('Server');
        $this->detail('Version', $server->version);
        $this->detail('Running since', $this->moment(Carbon::now()->subMilliseconds($server->uptimeMs)));
        $this->detail('Connections', number_format($server->connections));
        $this->detail('Occupied channels', number_format($server->channels));
        $this->detail('Signed-in users', number_format($server->users));
    }

    /**
     * Print what is going on.
     *
     * @param  array<string, float>  $rates
     */
    protected function describeRates(array $rates): void
    {
        $rate = static fn (string $name) => rtrim(rtrim(number_format($rates[$name] ?? 0, 1), '0'), '.');

        $this->section('Per second');
        $this->detail('Events', "{$rate('events_from_queue')} from the queue, {$rate('events_from_http')} over HTTP, {$rate('events_from_clients')} of clients");
        $this->detail('Deliveries', "{$rate('deliveries')}, ".$this->size($rates['delivered_bytes'] ?? 0));
    }

    /**
     * Print what was lost since the server started, if anything was.
     */
    protected function describeLosses(ServerStatus $server): void
    {
        $losses = array_filter([
            'Events without room in the queue' => $server->count('events_refused_full'),
            'Events that waited too long for a server' => $server->count('events_expired'),
            'Events that could not be read' => $server->count('records_refused'),
            'Clients that did not read' => $server->count('slow_clients_closed'),
            'Life-cycle events nobody fetched' => $server->count('life_events_dropped'),
            'Webhook events given up' => $server->count('webhook_events_dropped'),
        ]);

        if ($losses !== []) {
            $this->section('Lost since it started');
            array_map(fn (string $subject, int $count) => $this->detail($subject, number_format($count)), array_keys($losses), $losses);
        }
    }

    /**
     * Print what waits, and for whom.
     */
    protected function describeQueue(QueueStatus $queue): void
    {
        $this->detail('Queue directory', $queue->directory);

        if ($queue->status === null) {
            $this->detail('Drained', "unknown: {$queue->unknown()}");

            return;
        }

        $since = $queue->aliveSince();
        $this->detail('Drained', $since === null ? 'no' : 'since '.$this->moment(Carbon::createFromTimestamp($since)));

        ['queue_events' => $events, 'queue_bytes' => $bytes, 'queue_oldest_ms' => $oldest] = $queue->status;
        $this->detail('Waiting', $events === 0 ? 'nothing' : number_format($events).' events, '.$this->size($bytes).', the oldest for '.number_format($oldest).' ms');
        $this->detail('Queue protocol', 'version '.$queue->status['protocol_version']);
    }

    /**
     * Print a headline.
     */
    protected function section(string $title): void
    {
        $this->newLine();
        $this->components->twoColumnDetail("<fg=green;options=bold>{$title}</>");
    }

    /**
     * Print a line.
     */
    protected function detail(string $subject, string|int $value): void
    {
        $this->components->twoColumnDetail($subject, OutputFormatter::escape((string) $value));
    }

    /**
     * Describe a number of bytes.
     */
    protected function size(float $bytes): string
    {
        $units = ['bytes', 'KB', 'MB', 'GB', 'TB'];

        for ($unit = 0; $bytes >= 1024 && $unit < count($units) - 1; $unit++) {
            $bytes /= 1024;
        }

        return number_format($bytes, $unit === 0 ? 0 : 1)." {$units[$unit]}";
    }

    /**
     * Describe a moment.
     */
    protected function moment(Carbon $moment): string
    {
        $moment->setTimezone(config('app.timezone', 'UTC'));

        return "{$moment->toDateTimeString()} ({$moment->diffForHumans()})";
    }
}
