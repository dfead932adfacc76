<?php

namespace Canyon\Broadcasting;

use Illuminate\Broadcasting\BroadcastEvent;
use Illuminate\Broadcasting\BroadcastManager;
use Illuminate\Contracts\Broadcasting\ShouldBroadcastNow;
use Illuminate\Database\Eloquent\BroadcastableModelEventOccurred;
use Throwable;

use function Illuminate\Support\enum_value;

/**
 * Sends an event for Canyon at once: to queue a job for it takes longer.
 */
class ImmediateBroadcastManager extends BroadcastManager
{
    /**
     * What keeps events from being immediate, once one could have been.
     */
    protected ?QueueNeeds $queueNeeds = null;

    /**
     * Create a manager that takes the place of Laravel's, unless an application has put one of its own there.
     */
    public static function replacing(BroadcastManager $manager): BroadcastManager
    {
        if ($manager::class !== BroadcastManager::class) {
            return $manager;
        }

        $replacement = new self($manager->app);
        $replacement->drivers = $manager->drivers;
        $replacement->customCreators = $manager->customCreators;

        return $replacement;
    }

    /**
     * Queue the given event for broadcast, or broadcast it when all open database transactions have been committed.
     *
     * @param  mixed  $event
     * @return void
     */
    public function queue($event)
    {
        if ($event instanceof ShouldBroadcastNow || ! $this->isImmediate($event)) {
            return parent::queue($event);
        }

        $job = new BroadcastEvent(clone $event);

        OpenTransactions::whenAllAreCommitted($this->app, fn () => $this->send($job));
    }

    /**
     * Broadcast an event without letting its failure get in the way of the request.
     */
    protected function send(BroadcastEvent $job): void
    {
        try {
            $job->handle($this);
        } catch (Throwable $e) {
            report($e);

            rescue(static fn () => $job->failed($e));
        }
    }

    /**
     * Determine if the event is broadcast at once although Laravel would queue it.
     */
    protected function isImmediate(object $event): bool
    {
        return ! $this->isBroadcastNow($event)
            && ($event->immediate ?? true) !== false
            && $this->goesToImmediateConnectionsOnly($event)
            && ! ($this->queueNeeds ??= new QueueNeeds($this))->areThoseOf($event);
    }

    /**
     * Determine if the event asks Laravel to be broadcast now, whatever comes of the transaction.
     *
     * The event of a deleted model does so too, but only because the queue worker would not find the model any more.
     */
    protected function isBroadcastNow(object $event): bool
    {
        return method_exists($event, 'shouldBroadcastNow')
            && $event->shouldBroadcastNow()
            && ! $event instanceof BroadcastableModelEventOccurred;
    }

    /**
     * Determine if every connection the event goes to is one of Canyon that broadcasts immediately.
     */
    protected function goesToImmediateConnectionsOnly(object $event): bool
    {
        $connections = method_exists($event, 'broadcastConnections') ? $event->broadcastConnections() : [null];

        foreach ($connections as $connection) {
            if (! $this->isImmediateConnection(enum_value($connection) ?: $this->getDefaultDriver())) {
                return false;
            }
        }

        return $connections !== [];
    }

    /**
     * Determine if the connection is one of Canyon that broadcasts immediately.
     */
    protected function isImmediateConnection(?string $name): bool
    {
        $connection = $this->getConfig($name);

        return ($connection['driver'] ?? null) === 'canyon'
            && ($connection['immediate'] ?? $this->app['config']['canyon.immediate']);
    }
}
