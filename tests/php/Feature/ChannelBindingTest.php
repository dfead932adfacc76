<?php

namespace Canyon\Tests\Feature;

use Canyon\Tests\Fixtures\Article;
use Canyon\Tests\Fixtures\AuthorChannel;
use Canyon\Tests\Fixtures\Customer;
use Illuminate\Support\Facades\Broadcast;
use Illuminate\Support\Facades\Route;
use Illuminate\Testing\TestResponse;

final class ChannelBindingTest extends PublishingTestCase
{
    protected function setUp(): void
    {
        parent::setUp();

        $this->createArticles();
        $this->actingAs(new Customer(['id' => 31]));

        Article::withoutBroadcasting(static function () {
            Article::create(['title' => 'mine']);
            Article::create(['title' => 'theirs']);
        });
    }

    public function test_a_callback_gets_the_model(): void
    {
        Broadcast::channel('articles.{article}', static fn (Customer $user, Article $article) => $article->title === 'mine');

        $this->authorize('private-articles.1')->assertOk();
        $this->authorize('private-articles.2')->assertForbidden();
        $this->authorize('private-articles.3')->assertForbidden();
    }

    public function test_a_model_is_found_by_the_column_the_application_binds_it_by(): void
    {
        Route::bind('headline', static fn (string $title) => Article::firstWhere('title', $title));
        Broadcast::channel('headlines.{headline}', static fn (Customer $user, Article $headline) => ['id' => $headline->id]);

        $this->assertSame('{"user_id":"31","user_info":{"id":2}}', $this->authorize('presence-headlines.theirs')->json('channel_data'));
    }

    public function test_a_channel_class_gets_the_model(): void
    {
        Broadcast::channel('authors.{article}', AuthorChannel::class);

        $this->authorize('private-authors.1')->assertOk();
        $this->authorize('private-authors.2')->assertForbidden();
    }

    public function test_the_channel_of_a_model_is_named_by_the_model(): void
    {
        Broadcast::channel(new Article, static fn (Customer $user, Article $article) => $article->title === 'mine');

        $this->authorize('private-Canyon.Tests.Fixtures.Article.1')->assertOk();
        $this->authorize('private-Canyon.Tests.Fixtures.Article.2')->assertForbidden();
    }

    private function authorize(string $channel): TestResponse
    {
        return $this->post('/broadcasting/auth', ['socket_id' => '1234.1234', 'channel_name' => $channel], ['Accept' => 'application/json']);
    }
}
