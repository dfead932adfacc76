<?php

namespace Canyon\Http\Controllers\Dashboard;

use Illuminate\Http\JsonResponse;
use Illuminate\Http\Request;

class ServerController extends Controller
{
    /**
     * The orders of the busiest channels.
     */
    protected const SORTS = ['events', 'deliveries', 'subscribers'];

    /**
     * Get the last seconds of the server.
     */
    public function history(Request $request): JsonResponse
    {
        $seconds = max(1, min(600, $request->integer('seconds', 600)));

        return $this->answer(fn () => $this->canyon->connection()->history($seconds));
    }

    /**
     * Get what keeps the server busy.
     */
    public function top(Request $request): JsonResponse
    {
        $limit = max(1, min(100, $request->integer('limit', 20)));
        $sort = $this->text($request, 'sort') ?: 'events';

        if (! in_array($sort, self::SORTS, true)) {
            return $this->invalid(['sort' => 'Channels are sorted by "events", "deliveries" or "subscribers".']);
        }

        return $this->answer(fn () => $this->canyon->connection()->top($limit, $sort));
    }
}
