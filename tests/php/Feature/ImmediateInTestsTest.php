<?php

namespace Canyon\Tests\Feature;

use Canyon\Tests\Fixtures\ItemUpdated;
use Illuminate\Foundation\Testing\DatabaseTransactions;
use Illuminate\Support\Facades\DB;
use RuntimeException;

/**
 * Laravel wraps a test in a transaction that is never committed, and so does this one.
 */
final class ImmediateInTestsTest extends PublishingTestCase
{
    use DatabaseTransactions;

    public function test_the_transaction_around_a_test_keeps_no_event_back(): void
    {
        $this->assertSame(1, DB::transactionLevel());

        event(new ItemUpdated('Käse'));

        $this->assertCount(1, $this->published());
    }

    public function test_a_transaction_within_the_test_does_until_it_is_committed(): void
    {
        DB::transaction(function () {
            event(new ItemUpdated('a'));
            DB::transaction(static fn () => event(new ItemUpdated('b')));

            $this->assertSame([], $this->published());
        });

        $this->assertSame(['{"name":"a","quantity":1}', '{"name":"b","quantity":1}'], array_column($this->published(), 'data'));
    }

    public function test_a_transaction_within_the_test_may_be_rolled_back(): void
    {
        rescue(static fn () => DB::transaction(static function () {
            event(new ItemUpdated('a'));

            throw new RuntimeException('Roll back.');
        }), report: false);

        event(new ItemUpdated('b'));

        $this->assertSame(['{"name":"b","quantity":1}'], array_column($this->published(), 'data'));
    }
}
