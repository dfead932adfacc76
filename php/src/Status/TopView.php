<?php

namespace Canyon\Status;

use Canyon\Api\BusyChannel;
use Canyon\Api\Refusal;
use Canyon\Api\Sample;
use Canyon\Api\SlowClient;
use Canyon\Api\Top;
use Illuminate\Console\OutputStyle;
use Illuminate\Console\View\Components\Factory;
use Symfony\Component\Console\Formatter\OutputFormatter;

/**
 * What keeps a server busy, in plain lines: the view of hosts without the canyon binary.
 */
final class TopView
{
    /**
     * Create a new view instance.
     */
    public function __construct(private readonly OutputStyle $output, private readonly Factory $components)
    {
        //
    }

    /**
     * Print the figures.
     */
    public function render(Top $top, string $sort): void
    {
        $sample = $top->sample();

        $this->section('Canyon '.$top->version());
        $this->describe($sample);

        $this->section("Channels, by {$sort}");
        $this->table(['Channel', 'Subscribers', 'Events/s', 'Deliveries/s', 'Sent/s'], $top->channels()->map(static fn (BusyChannel $channel) => [
            $channel->name, number_format($channel->subscriptionCount), number_format($channel->events), number_format($channel->deliveries), self::size($channel->bytes),
        ])->all(), $top->watchingMs() < 1000 ? 'The server begins to count what happens on each channel.' : 'None with events in the last second.');

        if ($top->clients()->isNotEmpty()) {
            $this->section('Slow clients');
            $this->table(['Socket ID', 'User', 'Unsent', 'Stalled'], $top->clients()->map(static fn (SlowClient $client) => [
                $client->socketId, $client->userId ?? '-', self::size($client->unsentBytes), number_format($client->stalledMs).' ms',
            ])->all());
        }

        if ($top->refusals()->isNotEmpty()) {
            $this->section('Refusals, the newest first');
            $top->refusals()->reverse()->each(fn (Refusal $refusal) => $this->output->writeln('  '.self::plain(self::sentence($refusal, $sample->timeMs))));
        }

        $this->output->newLine();
    }

    /**
     * Print the figures of the whole server.
     */
    private function describe(Sample $sample): void
    {
        $count = static fn (string $name) => isset($sample->values[$name]) ? number_format($sample->values[$name]) : '-';
        $load = array_map(static fn (?float $share) => $share === null ? '-' : round($share * 100).' %', $sample->workerLoad());

        foreach ([
            'Connections' => $count('connections'),
            'Subscriptions' => "{$count('subscriptions')} on {$count('channels')} channels",
            'Events per second' => "{$count('events_from_queue')} from the queue, {$count('events_from_http')} over HTTP, {$count('events_from_clients')} of clients",
            'Deliveries per second' => "{$count('deliveries')}, ".self::size($sample->deliveredBytes ?? 0),
            'Waiting in the queue' => "{$count('queue_events')} events, the oldest for {$count('queue_age_ms')} ms",
            'Dropped, refused, hung up' => "{$count('dropped')}, {$count('refused')}, {$count('slow_clients_closed')} per second",
            'Load of the workers' => implode(', ', $load) ?: '-',
        ] as $subject => $value) {
            $this->components->twoColumnDetail($subject, $value);
        }
    }

    /**
     * Print a headline.
     */
    private function section(string $title): void
    {
        $this->output->newLine();
        $this->components->twoColumnDetail('<fg=green;options=bold>'.self::plain($title).'</>');
    }

    /**
     * Print a table whose columns but the first are numbers, or why it is empty.
     *
     * @param  list<string>  $headers
     * @param  array<list<string>>  $rows
     */
    private function table(array $headers, array $rows, string $otherwise = ''): void
    {
        if ($rows === []) {
            $this->output->writeln("  {$otherwise}");

            return;
        }

        $table = $this->output->createTable()->setStyle('compact')->setHeaders($headers);

        foreach (range(1, count($headers) - 1) as $column) {
            $table->setColumnStyle($column, (clone $table->getStyle())->setPadType(STR_PAD_LEFT));
        }

        $table->setRows(array_map(static fn (array $row) => array_map(self::plain(...), $row), $rows))->render();
    }

    /**
     * Describe a refusal.
     */
    private static function sentence(Refusal $refusal, int $now): string
    {
        return implode('', [
            max(0, intdiv($now - $refusal->timeMs, 1000)).' s ago: ',
            $refusal->count > 1 ? "{$refusal->count} × " : '',
            str_replace('_', ' ', $refusal->what),
            $refusal->channel === null ? '' : " on {$refusal->channel}",
            $refusal->code === null ? '' : " ({$refusal->code})",
            ": {$refusal->why}",
        ]);
    }

    /**
     * Make a text of others fit for the terminal: it can neither speak to it nor begin a line.
     */
    private static function plain(string $text): string
    {
        return OutputFormatter::escape((string) preg_replace('/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u', '?', mb_scrub($text)));
    }

    /**
     * Describe a number of bytes.
     */
    private static function size(float $bytes): string
    {
        foreach (['B', 'KiB', 'MiB', 'GiB'] as $unit) {
            if ($bytes < 1000 || $unit === 'GiB') {
                break;
            }

            $bytes /= 1024;
        }

        return number_format($bytes, $unit === 'B' ? 0 : 1)." {$unit}";
    }
}
