<?php

namespace Canyon\Facades;

use Canyon\CanyonManager;
use Canyon\Testing\CanyonFake;
use Illuminate\Support\Facades\Facade;

/**
 * @method static \Canyon\Api\Connection connection(\UnitEnum|string|null $name = null)
 * @method static \Illuminate\Support\Collection<int, \Canyon\Api\Channel> channels(string $prefix = '')
 * @method static \Canyon\Api\Channel channel(string|\Stringable $name)
 * @method static \Illuminate\Support\Collection<int, \Canyon\Api\Member> members(string|\Stringable $channel)
 * @method static bool isOnline(mixed $user)
 * @method static \Canyon\Api\User user(mixed $user)
 * @method static int connections()
 * @method static void terminate(mixed $user)
 * @method static \Canyon\Api\ServerStatus status()
 * @method static \Canyon\Api\History history(int $seconds = 600)
 * @method static \Canyon\Api\Top top(int $limit = 20, string $sort = 'events')
 * @method static void auth(?\Closure $callback)
 * @method static void assertBroadcast(string|\Closure $event, \Closure|int|null $callback = null)
 * @method static void assertBroadcastTimes(string|\Closure $event, int $times = 1)
 * @method static void assertBroadcastOn(string|\Stringable $channel, string|\Closure|null $event = null, ?\Closure $callback = null)
 * @method static void assertNotBroadcast(string|\Closure $event, ?\Closure $callback = null)
 * @method static void assertNothingBroadcast()
 * @method static \Illuminate\Support\Collection<int, \Canyon\Testing\Broadcast> broadcasts(string|\Closure|null $event = null, ?\Closure $callback = null)
 * @method static \Canyon\Testing\CanyonFake withMembers(string|\Stringable $channel, iterable $users)
 * @method static \Canyon\Testing\CanyonFake withOnline(mixed ...$users)
 * @method static void assertTerminated(mixed $user)
 * @method static void assertNotTerminated(mixed $user)
 *
 * @see CanyonManager
 * @see CanyonFake
 */
class Canyon extends Facade
{
    /**
     * Replace the bound instance with a fake: what would be broadcast is recorded, and no server is needed.
     */
    public static function fake(): CanyonFake
    {
        return tap(CanyonFake::install(static::getFacadeApplication()), static fn (CanyonFake $fake) => static::swap($fake));
    }

    /**
     * Get the registered name of the component.
     */
    protected static function getFacadeAccessor(): string
    {
        return CanyonManager::class;
    }
}
