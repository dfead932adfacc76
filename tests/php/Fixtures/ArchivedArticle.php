<?php

namespace Canyon\Tests\Fixtures;

use Illuminate\Broadcasting\Channel;
use Illuminate\Database\Eloquent\SoftDeletes;

class ArchivedArticle extends Article
{
    use SoftDeletes;

    public function broadcastOn($event): array
    {
        return $event === 'updated' ? [] : [new Channel('archive'), $this];
    }

    public function broadcastAs(string $event): string
    {
        return "article.{$event}";
    }

    public function broadcastWith(string $event): array
    {
        return ['title' => $this->title];
    }
}
