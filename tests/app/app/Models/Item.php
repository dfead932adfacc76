<?php

namespace App\Models;

use Illuminate\Database\Eloquent\Model;

class Item extends Model
{
    public const WARNING_AT = 10;

    public const CRITICAL_AT = 5;

    protected $fillable = ['name', 'stock'];

    /**
     * Get how serious the stock of the item is: null, "warning" or "critical".
     */
    public function level(): ?string
    {
        return match (true) {
            $this->stock <= self::CRITICAL_AT => 'critical',
            $this->stock <= self::WARNING_AT => 'warning',
            default => null,
        };
    }

    /**
     * What a page needs to draw the item. The version lets it ignore an event that was overtaken by a newer one.
     *
     * @return array{id: int, name: string, stock: int, level: ?string, version: int}
     */
    public function row(): array
    {
        return [...$this->only('id', 'name', 'stock', 'version'), 'level' => $this->level()];
    }
}
