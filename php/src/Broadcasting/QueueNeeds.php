<?php

namespace Canyon\Broadcasting;

use Illuminate\Broadcasting\BroadcastManager;
use Illuminate\Contracts\Broadcasting\ShouldBeUnique;
use Illuminate\Queue\Attributes\Connection;
use Illuminate\Queue\Attributes\Delay;
use Illuminate\Queue\Attributes\Queue;
use ReflectionClass;

/**
 * What an event may ask for that only a queue can give, or only a particular one.
 */
final class QueueNeeds
{
    /**
     * The classes of events that were asked for attributes, and whether they have some that are about queues.
     *
     * @var array<class-string, bool>
     */
    private array $queueAttributes = [];

    /**
     * Create a new queue needs instance.
     */
    public function __construct(private readonly BroadcastManager $manager)
    {
        //
    }

    /**
     * Determine if the event has some of them.
     */
    public function areThoseOf(object $event): bool
    {
        return $event instanceof ShouldBeUnique
            || isset($event->connection)
            || ! empty($event->delay)
            || $this->hasMiddleware($event)
            || $this->namesQueue($event)
            || $this->hasQueueAttributes($event)
            || $this->hasQueueRoute($event);
    }

    /**
     * Determine if the event names the queue it should be placed on.
     */
    private function namesQueue(object $event): bool
    {
        return method_exists($event, 'broadcastQueue')
            ? $event->broadcastQueue() !== null
            : isset($event->broadcastQueue) || isset($event->queue);
    }

    /**
     * Determine if the event's job should go through middleware.
     */
    private function hasMiddleware(object $event): bool
    {
        return ! empty($event->middleware)
            || (method_exists($event, 'middleware') && $event->middleware() !== []);
    }

    /**
     * Determine if the class of the event has attributes that choose a queue, a connection or a delay.
     */
    private function hasQueueAttributes(object $event): bool
    {
        return $this->queueAttributes[$event::class] ??= $this->findQueueAttributes(new ReflectionClass($event));
    }

    /**
     * Determine if a class, its parents or their traits have attributes that choose a queue, a connection or a delay.
     *
     * @param  ReflectionClass<object>  $class
     */
    private function findQueueAttributes(ReflectionClass $class): bool
    {
        for (; $class !== false; $class = $class->getParentClass()) {
            foreach ([$class, ...$class->getTraits()] as $source) {
                foreach ([Queue::class, Connection::class, Delay::class] as $attribute) {
                    if ($source->getAttributes($attribute) !== []) {
                        return true;
                    }
                }
            }
        }

        return false;
    }

    /**
     * Determine if events of the kind are routed to a queue or connection, which Laravel 13 can do.
     */
    private function hasQueueRoute(object $event): bool
    {
        return method_exists($this->manager, 'resolveQueueFromQueueRoute')
            && ($this->manager->resolveQueueFromQueueRoute($event) ?? $this->manager->resolveConnectionFromQueueRoute($event)) !== null;
    }
}
