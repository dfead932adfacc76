<?php

namespace Canyon\Tests\Feature;

use Canyon\Tests\Fixtures\Customer;
use Canyon\Tests\Fixtures\InvoicePaid;
use Canyon\Tests\Fixtures\QueuedInvoicePaid;
use Illuminate\Broadcasting\BroadcastEvent;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Notifications\AnonymousNotifiable;
use Illuminate\Notifications\Events\BroadcastNotificationCreated;
use Illuminate\Notifications\Messages\BroadcastMessage;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Queue;
use Illuminate\Support\Facades\Schema;

final class NotificationBroadcastingTest extends PublishingTestCase
{
    public function test_a_user_is_notified_on_their_own_channel(): void
    {
        $this->customer()->notify(new InvoicePaid);

        $this->assertSame([BroadcastNotificationCreated::class], $this->publishedNames());
        $this->assertSame(['private-Canyon.Tests.Fixtures.Customer.31'], $this->published()[0]['channels']);
        $this->assertSame(['invoice' => 5, 'id' => 'n-1', 'type' => 'invoice.paid'], json_decode($this->published()[0]['data'], true));
    }

    public function test_a_user_may_choose_the_channel(): void
    {
        $customer = new class(['id' => 31]) extends Customer
        {
            public function receivesBroadcastNotificationsOn(): string
            {
                return "customers.{$this->id}";
            }
        };

        $customer->notify(new InvoicePaid);

        $this->assertSame(['private-customers.31'], $this->published()[0]['channels']);
    }

    public function test_somebody_without_an_account_is_notified(): void
    {
        (new AnonymousNotifiable)->route('broadcast', ['lobby'])->notifyNow(new InvoicePaid);

        $this->assertSame([['lobby']], array_column($this->published(), 'channels'));
    }

    public function test_a_queued_notification_is_queued_once(): void
    {
        $this->reboot(['QUEUE_CONNECTION' => 'database']);
        $this->createJobs();
        Schema::create('customers', static fn (Blueprint $table) => $table->id());

        tap($this->customer())->save()->notify(new QueuedInvoicePaid);

        $this->assertSame(1, DB::table('jobs')->count());
        $this->assertSame([], $this->published());

        $this->artisan('queue:work', ['--once' => true])->assertSuccessful();

        $this->assertSame(0, DB::table('jobs')->count(), 'The worker has queued the event again.');
        $this->assertSame([BroadcastNotificationCreated::class], $this->publishedNames());
    }

    public function test_a_message_for_a_queue_is_queued(): void
    {
        Queue::fake();

        $this->customer()->notify(new class extends InvoicePaid
        {
            public function toBroadcast(): BroadcastMessage
            {
                return parent::toBroadcast()->onQueue('invoices');
            }
        });

        Queue::assertPushedOn('invoices', BroadcastEvent::class);
        $this->assertSame([], $this->published());
    }

    private function customer(): Customer
    {
        return new Customer(['id' => 31]);
    }
}
