<?php

namespace Canyon\Testing;

use Canyon\Api\Connection;
use Canyon\Api\User;
use Canyon\Broadcasting\BroadcasterFactory;
use Canyon\CanyonManager;
use Closure;
use Illuminate\Broadcasting\BroadcastManager;
use Illuminate\Contracts\Broadcasting\Broadcaster;
use Illuminate\Contracts\Foundation\Application;
use Illuminate\Support\Collection;
use Illuminate\Support\Testing\Fakes\Fake;
use Illuminate\Support\Traits\ReflectsClosures;
use PHPUnit\Framework\Assert as PHPUnit;
use Stringable;
use UnitEnum;

class CanyonFake extends CanyonManager implements Fake
{
    use ReflectsClosures;

    /**
     * Everything that would have been broadcast.
     *
     * @var list<Broadcast>
     */
    protected array $broadcasts = [];

    /**
     * The server that is asked.
     */
    protected readonly FakeConnection $server;

    /**
     * Create a new fake instance.
     */
    public function __construct(Application $app)
    {
        parent::__construct($app);

        $this->server = new FakeConnection;
    }

    /**
     * Create a fake, and have the application broadcast to it.
     */
    public static function install(Application $app): self
    {
        $fake = new self($app);
        $manager = $app->make(BroadcastManager::class);
        $record = static fn (Broadcast $broadcast) => $fake->broadcasts[] = $broadcast;

        foreach ($fake->connectionsToFake($manager->getDefaultDriver()) as $name => $driver) {
            $broadcaster = $manager->connection($name);
            $broadcaster = $broadcaster instanceof FakeBroadcaster ? $broadcaster->broadcaster : $broadcaster;

            // The manager keeps what it makes: the channels defined on the real one stay, and one connection differs from another.
            $manager->purge($name);
            $manager->extend($driver, static fn () => new FakeBroadcaster($broadcaster, $record));
            $manager->connection($name);
        }

        $manager->extend('canyon', static fn (Application $app, array $config) => new FakeBroadcaster(BroadcasterFactory::make($app, $config), $record));
        $app->forgetInstance(Broadcaster::class);

        return $fake;
    }

    /**
     * Get the drivers of the connections to fake by the names of these.
     *
     * Test environments broadcast to "null" or "log" by default: what goes there would go to Canyon in production. To
     * Laravel 12 "null" as the default is no name, and the manager keeps that connection under none.
     *
     * @return array<string, string>
     */
    protected function connectionsToFake(?string $default): array
    {
        $connections = (array) $this->app->make('config')->get('broadcasting.connections');
        $drivers = array_map(static fn (mixed $connection) => $connection['driver'] ?? null, $connections);
        $standIn = [(string) $default => in_array($default, [null, 'null'], true) ? 'null' : $drivers[$default] ?? null];

        return array_filter($drivers, static fn (?string $driver) => $driver === 'canyon')
            + array_filter($standIn, static fn (?string $driver) => in_array($driver, ['null', 'log'], true));
    }

    /**
     * Get the server behind a broadcasting connection.
     */
    public function connection(UnitEnum|string|null $name = null): Connection
    {
        return $this->server;
    }

    /**
     * Get what would have been broadcast, all of it or what is asked for.
     *
     * @return Collection<int, Broadcast>
     */
    public function broadcasts(string|Closure|null $event = null, ?Closure $callback = null): Collection
    {
        [$event, $callback] = $this->resolve($event, $callback);

        return (new Collection($this->broadcasts))
            ->filter(static fn (Broadcast $broadcast) => $event === null || $broadcast->is($event))
            ->filter(fn (Broadcast $broadcast) => $callback === null || $this->passes($callback, $broadcast))
            ->values();
    }

    /**
     * Assert that an event was broadcast, named by its class, its name or a closure that examines it.
     */
    public function assertBroadcast(string|Closure $event, Closure|int|null $callback = null): void
    {
        if (is_int($callback)) {
            $this->assertBroadcastTimes($event, $callback);

            return;
        }

        PHPUnit::assertTrue(
            $this->broadcasts($event, $callback)->isNotEmpty(),
            "The expected [{$this->nameOf($event)}] event was not broadcast".$this->unlessItIsTheClosure($event, $callback).'.'.$this->summary(),
        );
    }

    /**
     * Assert how often an event was broadcast.
     */
    public function assertBroadcastTimes(string|Closure $event, int $times = 1): void
    {
        $count = $this->broadcasts($event)->count();

        PHPUnit::assertSame(
            $times, $count,
            "The expected [{$this->nameOf($event)}] event was broadcast {$count} times instead of {$times} times.".$this->summary(),
        );
    }

    /**
     * Assert that an event, or anything at all, was broadcast on a channel.
     */
    public function assertBroadcastOn(string|Stringable $channel, string|Closure|null $event = null, ?Closure $callback = null): void
    {
        $found = $this->broadcasts($event, $callback)->filter(static fn (Broadcast $broadcast) => $broadcast->isOn($channel));
        $what = $event === null ? 'Nothing was broadcast' : "The expected [{$this->nameOf($event)}] event was not broadcast";

        PHPUnit::assertTrue(
            $found->isNotEmpty(),
            "{$what} on [{$channel}]".($event === null ? '' : $this->unlessItIsTheClosure($event, $callback)).'.'.$this->summary(),
        );
    }

    /**
     * Assert that an event was not broadcast.
     */
    public function assertNotBroadcast(string|Closure $event, ?Closure $callback = null): void
    {
        PHPUnit::assertTrue(
            $this->broadcasts($event, $callback)->isEmpty(),
            "The unexpected [{$this->nameOf($event)}] event was broadcast.".$this->summary(),
        );
    }

    /**
     * Assert that nothing was broadcast.
     */
    public function assertNothingBroadcast(): void
    {
        $count = count($this->broadcasts);

        PHPUnit::assertSame(0, $count, "{$count} unexpected events were broadcast.".$this->summary());
    }

    /**
     * Put users on a presence channel of the server that is asked.
     *
     * @param  iterable<mixed>  $users
     */
    public function withMembers(string|Stringable $channel, iterable $users): static
    {
        $this->server->join((string) $channel, $users);

        return $this;
    }

    /**
     * Sign users in on the server that is asked.
     */
    public function withOnline(mixed ...$users): static
    {
        $this->server->signIn($users);

        return $this;
    }

    /**
     * Assert that the connections of a user were closed.
     */
    public function assertTerminated(mixed $user): void
    {
        $id = User::idOf($user);

        PHPUnit::assertContains($id, $this->server->terminated, "The connections of user [{$id}] were not closed. ".($this->server->terminated === []
            ? 'Nobody\'s were.'
            : 'Those of ['.implode('], [', $this->server->terminated).'] were.'));
    }

    /**
     * Assert that the connections of a user were not closed.
     */
    public function assertNotTerminated(mixed $user): void
    {
        $id = User::idOf($user);

        PHPUnit::assertNotContains($id, $this->server->terminated, "The connections of user [{$id}] were closed.");
    }

    /**
     * Take the event that a closure examines from its first parameter.
     *
     * @return array{string|null, Closure|null}
     */
    protected function resolve(string|Closure|null $event, ?Closure $callback): array
    {
        if (! $event instanceof Closure) {
            return [$event, $callback];
        }

        return [$this->parameterType($event), $event];
    }

    /**
     * Determine if a broadcast passes an examination.
     */
    protected function passes(Closure $callback, Broadcast $broadcast): bool
    {
        $type = $this->parameterType($callback);

        if ($type === null) {
            return (bool) $callback($broadcast);
        }

        $subject = $broadcast->event instanceof $type ? $broadcast->event : $broadcast->notification();

        return $subject instanceof $type && $callback($subject, $broadcast);
    }

    /**
     * Get the class of what a closure examines, if it is not the broadcast itself.
     */
    protected function parameterType(Closure $closure): ?string
    {
        $type = array_values($this->closureParameterTypes($closure))[0] ?? null;

        return $type === Broadcast::class ? null : $type;
    }

    /**
     * Get a name for an event that is looked for.
     */
    protected function nameOf(string|Closure $event): string
    {
        return is_string($event) ? $event : $this->parameterType($event) ?? 'any';
    }

    /**
     * Tell that an event was broadcast, but not as the closure wants it.
     */
    protected function unlessItIsTheClosure(string|Closure $event, ?Closure $callback): string
    {
        [$name, $callback] = $this->resolve($event, $callback);

        return $callback !== null && $this->broadcasts($name)->isNotEmpty() ? ' as the closure wants it' : '';
    }

    /**
     * List what was broadcast.
     */
    protected function summary(): string
    {
        $hints = (new Interference($this->app))->hints();
        $lines = array_map(static fn (Broadcast $broadcast) => "\n- {$broadcast->describe()}", $this->broadcasts);

        return ($lines === [] ? ' Nothing was broadcast.' : ' What was broadcast:'.implode('', $lines)).implode('', array_map(static fn (string $hint) => "\n{$hint}", $hints));
    }
}
