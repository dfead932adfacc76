<?php

namespace Canyon\Broadcasting;

use Closure;
use Illuminate\Contracts\Container\Container;
use Illuminate\Database\DatabaseTransactionRecord;
use Illuminate\Support\Collection;

/**
 * The database transactions in which an event takes place, as Laravel's transaction manager knows them.
 */
final class OpenTransactions
{
    /**
     * Call when all open transactions have been committed, which is now if there are none, and never if one rolls back.
     *
     * The manager's own addCallback() only looks at the transaction that was begun last: on several database
     * connections the others may still roll back.
     *
     * @param  Closure(): void  $callback
     */
    public static function whenAllAreCommitted(Container $app, Closure $callback): void
    {
        $open = self::open($app);

        if ($open->isEmpty()) {
            $callback();

            return;
        }

        $connections = $open->groupBy('connection');
        $remaining = $connections->count();

        foreach ($connections as $transactions) {
            self::whenCommitted($transactions->first(), $transactions->last(), static function () use (&$remaining, $callback) {
                if (--$remaining === 0) {
                    $callback();
                }
            });
        }
    }

    /**
     * Get the open transactions, from the outermost ones to the innermost ones.
     *
     * @return Collection<int, DatabaseTransactionRecord>
     */
    private static function open(Container $app): Collection
    {
        // An application need not have a database.
        return $app->bound('db.transactions')
            ? $app->make('db.transactions')->callbackApplicableTransactions()
            : new Collection;
    }

    /**
     * Call when the innermost transaction of a connection, and with it the outermost one, has been committed.
     *
     * The manager runs the callbacks of inner transactions before those of outer ones. Only what hangs on the outermost
     * one comes in the order in which it was dispatched; the innermost one may be rolled back alone.
     *
     * @param  Closure(): void  $callback
     */
    private static function whenCommitted(DatabaseTransactionRecord $outermost, DatabaseTransactionRecord $innermost, Closure $callback): void
    {
        $committed = $outermost === $innermost;

        if (! $committed) {
            $innermost->addCallback(static function () use (&$committed) {
                $committed = true;
            });
        }

        $outermost->addCallback(static function () use (&$committed, $callback) {
            if ($committed) {
                $callback();
            }
        });
    }
}
