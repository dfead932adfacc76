<?php

namespace Canyon\Dashboard;

use Canyon\Api\Channel;
use Canyon\Api\Connection;
use Canyon\Broadcasting\ReservedChannels;
use Illuminate\Support\Collection;

/**
 * The occupied channels of the application, a page at a time.
 */
final class ChannelList
{
    /**
     * How many channels a page may have.
     */
    public const MOST = 200;

    /**
     * Create a new list.
     */
    public function __construct(private readonly Connection $server)
    {
        //
    }

    /**
     * Get a page of the channels that have a text in their names.
     *
     * @param  'name'|'subscriptions'  $sort
     * @return array{total: int, page: int, pages: int, channels: list<array<string, mixed>>}
     */
    public function page(string $search, string $prefix, ?ChannelKind $kind, string $sort, int $page, int $size): array
    {
        $found = $this->find($search, $prefix, $kind);
        $pages = max(1, (int) ceil($found->count() / $size));
        $page = max(1, min($page, $pages));

        if ($sort === 'subscriptions') {
            // Those of equal size stay in the order of their names.
            $found = $found->sortByDesc(static fn (Channel $channel) => $channel->subscriptionCount);
        }

        return [
            'total' => $found->count(),
            'page' => $page,
            'pages' => $pages,
            'channels' => $found->forPage($page, $size)->map(self::describe(...))->values()->all(),
        ];
    }

    /**
     * Describe a channel to the page.
     *
     * @return array<string, mixed>
     */
    public static function describe(Channel $channel): array
    {
        return [
            'name' => $channel->name,
            'kind' => ChannelKind::of($channel->name)->value,
            'cache' => ChannelKind::Cache->includes($channel->name),
            'subscriptions' => $channel->subscriptionCount,
            'members' => $channel->userCount,
        ];
    }

    /**
     * Get the channels that are looked for.
     *
     * @return Collection<int, Channel>
     */
    private function find(string $search, string $prefix, ?ChannelKind $kind): Collection
    {
        // The server need not list what cannot be meant.
        $longest = strlen($prefix) > strlen($kind?->prefix() ?? '') ? $prefix : $kind?->prefix() ?? '';

        return $this->server->channels($longest)->filter(static fn (Channel $channel) => (
            str_starts_with($channel->name, $prefix)
            && ($kind === null || $kind->includes($channel->name))
            && ($search === '' || stripos($channel->name, $search) !== false)
            && ! ReservedChannels::include($channel->name)
        ));
    }
}
