<?php

namespace App\Http\Controllers;

use App\Broadcasting\Courier;
use App\Events\ItemCountExceeded;
use App\Events\ItemUpdated;
use App\Models\Item;
use Illuminate\Http\JsonResponse;
use Illuminate\Http\Request;
use Illuminate\Support\Collection;
use Illuminate\Support\Facades\DB;
use Illuminate\View\View;

class ItemController
{
    /**
     * Show the inventory.
     */
    public function index(): View
    {
        return view('inventory', ['items' => Item::orderBy('id')->get()]);
    }

    /**
     * List the items: a page that was cut off asks for what it missed.
     *
     * @return Collection<int, array<string, mixed>>
     */
    public function list(): Collection
    {
        return Item::orderBy('id')->get()->map->row();
    }

    /**
     * Change the name of an item, set its stock, or add to it.
     */
    public function update(Request $request, Item $item, Courier $courier): JsonResponse
    {
        $change = $request->validate([
            'name' => ['sometimes', 'required', 'string', 'max:60'],
            'stock' => ['sometimes', 'required', 'integer', 'between:0,999'],
            'add' => ['sometimes', 'required', 'integer', 'between:-10,10'],
        ]);

        [$item, $before] = DB::transaction(fn (): array => $this->apply($change, $item->id));

        $courier->send(new ItemUpdated($item));

        if ($this->hasWorsened($before, $item->level())) {
            $courier->send(new ItemCountExceeded($item));
        }

        return response()->json($item->row());
    }

    /**
     * Read, change and write in one transaction: two windows that press "-" at once take two away.
     *
     * @param  array{name?: string, stock?: int, add?: int}  $change
     * @return array{Item, ?string}
     */
    private function apply(array $change, int $id): array
    {
        $item = Item::findOrFail($id);
        $before = $item->level();

        $item->name = $change['name'] ?? $item->name;
        $item->stock = max(0, min(999, ($change['stock'] ?? $item->stock) + ($change['add'] ?? 0)));
        $item->version++;
        $item->save();

        return [$item, $before];
    }

    /**
     * Determine if the stock fell to a new threshold; going on falling below it is no news.
     */
    private function hasWorsened(?string $before, ?string $after): bool
    {
        return $after !== null && $after !== $before && $before !== 'critical';
    }
}
