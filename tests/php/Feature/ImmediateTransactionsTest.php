<?php

namespace Canyon\Tests\Feature;

use Canyon\Tests\Fixtures\Article;
use Canyon\Tests\Fixtures\ItemUpdated;
use Canyon\Tests\Fixtures\OrderShipped;
use Canyon\Tests\Support\Port;
use Closure;
use Illuminate\Broadcasting\BroadcastException;
use Illuminate\Contracts\Events\ShouldDispatchAfterCommit;
use Illuminate\Database\QueryException;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Exceptions;
use PDOException;
use PHPUnit\Framework\Attributes\DataProvider;
use RuntimeException;

/**
 * Immediate events and real transactions of SQLite, through Laravel's own manager of transactions.
 */
final class ImmediateTransactionsTest extends PublishingTestCase
{
    protected function setUp(): void
    {
        parent::setUp();

        config(['database.connections.second' => config('database.connections.sqlite')]);
    }

    public function test_an_event_is_sent_when_the_transaction_is_committed(): void
    {
        DB::transaction(function () {
            $this->say('a');

            $this->assertSame([], $this->said());
        });

        $this->assertSame(['a'], $this->said());
    }

    public function test_an_event_is_never_sent_when_the_transaction_is_rolled_back(): void
    {
        $this->rolledBack(fn () => $this->say('a'));

        DB::beginTransaction();
        $this->say('b');
        DB::rollBack();

        DB::transaction(fn () => $this->say('c'));

        $this->assertSame(['c'], $this->said());
    }

    public function test_an_event_of_a_nested_transaction_waits_for_the_outermost_one(): void
    {
        DB::transaction(function () {
            DB::transaction(fn () => DB::transaction(fn () => $this->say('a')));

            $this->assertSame([], $this->said());
        });

        $this->assertSame(['a'], $this->said());
    }

    public function test_a_nested_transaction_takes_its_events_with_it_when_it_is_rolled_back(): void
    {
        DB::transaction(function () {
            $this->say('a');
            $this->rolledBack(function () {
                $this->say('b');
                DB::transaction(fn () => $this->say('c'));
            });
            DB::transaction(fn () => $this->say('d'));
        });

        $this->assertSame(['a', 'd'], $this->said());
    }

    public function test_the_outermost_transaction_takes_all_events_with_it_when_it_is_rolled_back(): void
    {
        $this->rolledBack(function () {
            $this->say('a');
            DB::transaction(fn () => $this->say('b'));
        });

        $this->assertSame([], $this->said());
    }

    public function test_events_are_sent_in_the_order_in_which_they_were_dispatched(): void
    {
        DB::transaction(function () {
            $this->say('a');
            DB::transaction(function () {
                $this->say('b');
                DB::transaction(fn () => $this->say('c'));
                $this->say('d');
            });
            $this->say('e');
        });

        $this->assertSame(['a', 'b', 'c', 'd', 'e'], $this->said());
    }

    public function test_the_payload_is_built_after_the_commit(): void
    {
        $this->createArticles();

        DB::transaction(static function () {
            $article = Article::create(['title' => 'Draft']);
            $article->title = 'Final';
            $article->saveQuietly();
        });

        $this->assertSame('Final', json_decode($this->published()[0]['data'])->model->title);
    }

    public function test_an_event_that_is_dispatched_after_the_commit_is_sent_then(): void
    {
        $event = static fn (string $name) => new class($name) extends ItemUpdated implements ShouldDispatchAfterCommit
        {
            //
        };

        DB::transaction(function () use ($event) {
            event($event('a'));
            DB::transaction(static fn () => event($event('b')));
            $this->rolledBack(static fn () => event($event('c')));

            $this->assertSame([], $this->said());
        });
        $this->rolledBack(static fn () => event($event('d')));

        $this->assertEqualsCanonicalizing(['a', 'b'], $this->said());
    }

    #[DataProvider('connections')]
    public function test_an_event_within_transactions_of_two_connections_needs_both_of_them(bool $inner, bool $outer, array $expected): void
    {
        $this->ending($outer, null, function () use ($inner) {
            $this->say('outer');
            $this->ending($inner, 'second', fn () => $this->say('both'));

            $this->assertSame([], $this->said());
        });

        $this->assertSame($expected, $this->said());
    }

    public static function connections(): iterable
    {
        yield 'both are committed' => [true, true, ['outer', 'both']];
        yield 'the outer one is rolled back' => [true, false, []];
        yield 'the inner one is rolled back' => [false, true, ['outer']];
        yield 'both are rolled back' => [false, false, []];
    }

    public function test_a_transaction_that_begins_after_the_event_has_no_say_in_it(): void
    {
        DB::beginTransaction();
        $this->say('a');
        DB::connection('second')->beginTransaction();
        $this->say('b');
        DB::commit();

        $this->assertSame(['a'], $this->said());

        DB::connection('second')->rollBack();

        $this->assertSame(['a'], $this->said());
    }

    public function test_a_transaction_that_is_tried_again_sends_its_events_once(): void
    {
        $attempts = 0;

        DB::transaction(function () use (&$attempts) {
            $this->say('a');

            if (++$attempts < 3) {
                throw new QueryException('sqlite', 'update items', [], new PDOException('database is locked'));
            }
        }, 3);

        $this->assertSame([3, ['a']], [$attempts, $this->said()]);
    }

    public function test_models_are_broadcast_only_if_they_are_stored(): void
    {
        $this->createArticles();

        $this->rolledBack(static function () {
            Article::create(['title' => 'Käse']);
        });
        DB::transaction(static function () {
            $article = Article::create(['title' => 'Brot']);
            $article->update(['title' => 'Brötchen']);
            $article->delete();
        });

        $this->assertSame(['ArticleCreated', 'ArticleUpdated', 'ArticleDeleted'], $this->publishedNames());
    }

    public function test_the_deletion_of_a_model_is_not_broadcast_if_it_is_rolled_back(): void
    {
        $this->createArticles();
        $article = Article::withoutBroadcasting(static fn () => Article::create(['title' => 'Käse']));

        $this->rolledBack(static fn () => $article->delete());

        $this->assertSame([], $this->published());
        $this->assertTrue(Article::query()->exists());
    }

    public function test_an_event_that_is_to_be_broadcast_now_does_not_wait(): void
    {
        $this->rolledBack(static fn () => event(new OrderShipped(7)));

        $this->assertSame([OrderShipped::class], $this->publishedNames());
    }

    public function test_a_failure_neither_breaks_the_commit_nor_stops_what_else_waits_for_it(): void
    {
        $this->reboot(['CANYON_PORT' => (string) Port::unused()]);
        $this->createArticles();
        Exceptions::fake();
        $called = false;

        DB::transaction(function () use (&$called) {
            Article::withoutBroadcasting(static fn () => Article::create(['title' => 'Käse']));
            $this->say('a');
            DB::afterCommit(static function () use (&$called) {
                $called = true;
            });
        });

        Exceptions::assertReported(BroadcastException::class);
        $this->assertTrue($called);
        $this->assertSame(1, Article::query()->count());
    }

    public function test_nothing_is_left_over_from_one_request_to_the_next(): void
    {
        foreach (range(1, 20) as $request) {
            DB::transaction(fn () => $this->say("committed {$request}"));
            $this->rolledBack(fn () => $this->say("rolled back {$request}"));
            $this->rolledBack(fn () => DB::transaction(fn () => $this->say("nested {$request}")));
        }

        $this->assertSame(array_map(static fn (int $request) => "committed {$request}", range(1, 20)), $this->said());
    }

    private function say(string $name): void
    {
        event(new ItemUpdated($name));
    }

    /**
     * @return list<string>
     */
    private function said(): array
    {
        return array_map(static fn (array $event) => json_decode($event['data'])->name, $this->published());
    }

    private function rolledBack(Closure $callback): void
    {
        $this->ending(false, null, $callback);
    }

    private function ending(bool $committed, ?string $connection, Closure $callback): void
    {
        $failure = new RuntimeException('Roll back.');

        try {
            DB::connection($connection)->transaction(static function () use ($callback, $committed, $failure) {
                $callback();

                $committed ?: throw $failure;
            });
        } catch (RuntimeException $e) {
            $this->assertSame($failure, $e);
        }
    }
}
