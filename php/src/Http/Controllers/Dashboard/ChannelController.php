<?php

namespace Canyon\Http\Controllers\Dashboard;

use Canyon\Api\Member;
use Canyon\Dashboard\ChannelKind;
use Canyon\Dashboard\ChannelList;
use Illuminate\Http\JsonResponse;
use Illuminate\Http\Request;

class ChannelController extends Controller
{
    /**
     * How many members of a channel are shown.
     */
    protected const MEMBERS = 500;

    /**
     * List the occupied channels.
     */
    public function index(Request $request): JsonResponse
    {
        $kind = $this->text($request, 'kind');
        $sort = $this->text($request, 'sort') ?: 'name';

        if (($kind !== '' && ChannelKind::tryFrom($kind) === null) || ! in_array($sort, ['name', 'subscriptions'], true)) {
            return $this->invalid(['kind' => 'Channels are of the kinds "public", "private", "presence", "encrypted" and "cache", and sorted by "name" or "subscriptions".']);
        }

        return $this->answer(fn () => (new ChannelList($this->canyon->connection()))->page(
            $this->text($request, 'search'),
            $this->text($request, 'prefix'),
            ChannelKind::tryFrom($kind),
            $sort,
            max(1, $request->integer('page', 1)),
            max(1, min(ChannelList::MOST, $request->integer('size', 50))),
        ));
    }

    /**
     * Show a channel, with its members if it knows them.
     */
    public function show(string $channel): JsonResponse
    {
        return $this->answer(function () use ($channel) {
            $server = $this->canyon->connection();
            $found = $server->channel($channel);
            $members = $found->isPresence() && $found->isOccupied() ? $server->members($channel) : null;

            return [
                ...ChannelList::describe($found),
                'member_ids' => $members?->take(self::MEMBERS)->map(static fn (Member $member) => $member->id)->values()->all(),
            ];
        });
    }
}
