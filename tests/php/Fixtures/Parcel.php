<?php

namespace Canyon\Tests\Fixtures;

use Illuminate\Broadcasting\PrivateChannel;
use Illuminate\Database\Eloquent\BroadcastsEvents;
use Illuminate\Database\Eloquent\Model;

class Parcel extends Model
{
    use BroadcastsEvents;

    public $timestamps = false;

    protected $guarded = [];

    public function broadcastOn(string $event): array
    {
        return [new PrivateChannel($this)];
    }
}
