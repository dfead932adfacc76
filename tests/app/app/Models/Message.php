<?php

namespace App\Models;

use Illuminate\Database\Eloquent\Model;
use Illuminate\Database\Eloquent\Relations\BelongsTo;

class Message extends Model
{
    public const UPDATED_AT = null;

    protected $fillable = ['user_id', 'body'];

    /**
     * The author of the message.
     *
     * @return BelongsTo<User, $this>
     */
    public function user(): BelongsTo
    {
        return $this->belongsTo(User::class);
    }

    /**
     * What a page needs to draw the message.
     *
     * @return array{id: int, body: string, user: array{id: int, name: string, hue: int}, at: string}
     */
    public function line(): array
    {
        return [
            'id' => $this->id,
            'body' => $this->body,
            'user' => $this->user->card(),
            'at' => $this->created_at->toIso8601String(),
        ];
    }
}
