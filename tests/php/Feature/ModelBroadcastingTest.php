<?php

namespace Canyon\Tests\Feature;

use Canyon\Tests\Fixtures\ArchivedArticle;
use Canyon\Tests\Fixtures\Article;
use Illuminate\Broadcasting\BroadcastEvent;
use Illuminate\Broadcasting\Channel;
use Illuminate\Broadcasting\PrivateChannel;
use Illuminate\Support\Facades\Queue;

final class ModelBroadcastingTest extends PublishingTestCase
{
    protected function setUp(): void
    {
        parent::setUp();

        $this->createArticles();
    }

    public function test_a_model_is_broadcast_on_its_own_channel(): void
    {
        $article = Article::create(['title' => 'Käse']);
        $article->update(['title' => 'Brot']);
        $article->delete();

        $this->assertSame(['ArticleCreated', 'ArticleUpdated', 'ArticleDeleted'], $this->publishedNames());
        $this->assertSame(array_fill(0, 3, ['private-Canyon.Tests.Fixtures.Article.1']), array_column($this->published(), 'channels'));
        $this->assertSame(['Käse', 'Brot', 'Brot'], array_map(static fn (array $event) => json_decode($event['data'])->model->title, $this->published()));
    }

    public function test_a_model_chooses_its_channels_names_and_payloads(): void
    {
        $article = ArchivedArticle::create(['title' => 'Käse']);
        $article->update(['title' => 'Brot']);
        $article->delete();
        $article->restore();
        $article->forceDelete();

        $this->assertSame(['article.created', 'article.trashed', 'article.deleted', 'article.restored', 'article.deleted'], $this->publishedNames());
        $this->assertSame(['archive', 'private-Canyon.Tests.Fixtures.ArchivedArticle.1'], $this->published()[0]['channels']);
        $this->assertSame('{"title":"Brot"}', $this->published()[1]['data']);
    }

    public function test_a_model_may_be_broadcast_elsewhere_and_by_hand(): void
    {
        $article = Article::withoutBroadcasting(static fn () => Article::create(['title' => 'Käse']));

        $article->broadcastUpdated([new Channel('news'), new PrivateChannel('editors')]);

        $this->assertSame([['news', 'private-editors']], array_column($this->published(), 'channels'));
    }

    public function test_the_sender_is_left_out(): void
    {
        request()->headers->set('X-Socket-ID', '12.34');

        Article::withoutBroadcasting(static fn () => Article::create(['title' => 'Käse']))->broadcastUpdated()->toOthers();

        $this->assertSame('12.34', $this->published()[0]['socket_id']);
    }

    public function test_a_model_may_name_the_queue_of_its_events(): void
    {
        Queue::fake();

        (new class(['title' => 'Käse']) extends Article
        {
            public function broadcastQueue(): string
            {
                return 'articles';
            }
        })->save();

        Queue::assertPushedOn('articles', BroadcastEvent::class);
        $this->assertSame([], $this->published());
    }
}
