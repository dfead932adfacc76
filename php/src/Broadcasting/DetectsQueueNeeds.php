<?php

namespace Canyon\Broadcasting;

use Illuminate\Contracts\Broadcasting\ShouldBeUnique;
use Illuminate\Queue\Attributes\Connection;
use Illuminate\Queue\Attributes\Delay;
use Illuminate\Queue\Attributes\Queue;
use ReflectionClass;

trait DetectsQueueNeeds
{
    /**
     * The classes of events that were asked for attributes, and whether they have some that are about queues.
     *
     * @var array<class-string, bool>
     */
    protected array $queueAttributes = [];

    /**
     * Determine if the event asks for what only a queue can give, or for a particular one.
     */
    protected function needsQueue(object $event): bool
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
    protected function namesQueue(object $event): bool
    {
        return method_exists($event, 'broadcastQueue')
            ? $event->broadcastQueue() !== null
            : isset($event->broadcastQueue) || isset($event->queue);
    }

    /**
     * Determine if the event's job should go through middleware.
     */
    protected function hasMiddleware(object $event): bool
    {
        return ! empty($event->middleware)
            || (method_exists($event, 'middleware') && $event->middleware() !== []);
    }

    /**
     * Determine if the class of the event has attributes that choose a queue, a connection or a delay.
     */
    protected function hasQueueAttributes(object $event): bool
    {
        return $this->queueAttributes[$event::class] ??= $this->findQueueAttributes(new ReflectionClass($event));
    }

    /**
     * Determine if a class, its parents or their traits have attributes that choose a queue, a connection or a delay.
     *
     * @param  ReflectionClass<object>  $class
     */
    protected function findQueueAttributes(ReflectionClass $class): bool
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
    protected function hasQueueRoute(object $event): bool
    {
        return method_exists($this, 'resolveQueueFromQueueRoute')
            && ($this->resolveQueueFromQueueRoute($event) ?? $this->resolveConnectionFromQueueRoute($event)) !== null;
    }
}
