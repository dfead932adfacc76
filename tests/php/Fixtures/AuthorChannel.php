<?php

namespace Canyon\Tests\Fixtures;

use Illuminate\Contracts\Config\Repository;

class AuthorChannel
{
    public function __construct(private readonly Repository $config)
    {
        //
    }

    public function join(Customer $user, Article $article): bool
    {
        return $article->title === 'mine' && $this->config->has('canyon');
    }
}
