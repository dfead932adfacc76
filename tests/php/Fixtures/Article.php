<?php

namespace Canyon\Tests\Fixtures;

use Illuminate\Database\Eloquent\BroadcastsEvents;
use Illuminate\Database\Eloquent\Model;

class Article extends Model
{
    use BroadcastsEvents;

    protected $table = 'articles';

    protected $guarded = [];

    public $timestamps = false;
}
