<?php

namespace App\Models;

use Illuminate\Database\Eloquent\Model;
use Illuminate\Database\Eloquent\Relations\BelongsToMany;
use Illuminate\Database\Eloquent\Relations\HasMany;

class Room extends Model
{
    public $timestamps = false;

    protected $fillable = ['slug', 'name', 'topic', 'open'];

    protected $casts = ['open' => 'boolean'];

    /**
     * Channel names and URLs carry the slug.
     */
    public function getRouteKeyName(): string
    {
        return 'slug';
    }

    /**
     * The users who may enter the room.
     *
     * @return BelongsToMany<User, $this>
     */
    public function members(): BelongsToMany
    {
        return $this->belongsToMany(User::class)->withPivot('last_read_id');
    }

    /**
     * The messages of the room.
     *
     * @return HasMany<Message, $this>
     */
    public function messages(): HasMany
    {
        return $this->hasMany(Message::class);
    }

    /**
     * Determine if the user may enter the room.
     */
    public function hasMember(User $user): bool
    {
        return $this->members()->whereKey($user->id)->exists();
    }
}
