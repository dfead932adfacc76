//! The tests.

use crate::allocations::Allocations;
use crate::audience::{Audience, wait};
use crate::calls::{Calls, Gate};

/// Events that are published one at a time.
const EVENTS: u64 = 50;

/// Subscribers of a channel whose events are sent without a look at anything else; and of one that is served in slices.
const FEW: u64 = 20;
const MANY: u64 = 300;

/// Sockets of a slice (`BULK_SLICE` of the worker).
const SLICE: u64 = 128;

/// What a stretch of a test took.
struct Spent {
    calls: Calls,
    allocations: Allocations,
}

fn spent(work: impl FnOnce()) -> Spent {
    let (calls, allocations) = (Calls::count(), Allocations::count());
    work();
    Spent { calls: Calls::count().since(calls), allocations: Allocations::count().since(allocations) }
}

impl Spent {
    /// The worker may allocate once or twice for an event, and once for an outbox that gave its room back. The drain allocates for events, too, and now and then while it
    /// looks around in the queue's directory.
    fn assert_allocations(&self, events: u64, subscribers: u64) {
        let Allocations { worker, drain } = self.allocations;
        let most = 3 * events + subscribers;
        assert!(worker <= most, "{worker} allocations of the worker, and {most} would do");
        if subscribers == MANY {
            let most = events * subscribers / 10;
            assert!(drain <= most, "{drain} allocations of the drain, and {most} would do");
        }
    }
}

#[test]
fn a_delivery_is_one_system_call_and_no_allocation() {
    for subscribers in [FEW, MANY] {
        let mut audience = Audience::of(subscribers as usize);
        let mut deliver = |events: u64| {
            for _ in 0..events {
                audience.publish();
                audience.receive(1);
            }
        };
        // The first ones make room in what is kept.
        deliver(3);
        let spent = spent(|| deliver(EVENTS));
        assert_eq!(spent.calls.sends, EVENTS * subscribers, "one send each");
        assert_eq!(spent.calls.reads, 0, "nobody said anything");
        assert_eq!((spent.calls.registrations, spent.calls.draws), (0, 0), "nobody came");
        // One to fall asleep and one between two slices; another now and then, and ticks of the clock.
        let most = EVENTS * (4 + subscribers / SLICE) + 100;
        assert!(spent.calls.polls <= most, "{:?}, and {most} polls would do", spent.calls);
        spent.assert_allocations(EVENTS, subscribers);
    }
}

/// Holds the worker up in the first send of a first event, publishes `events` more, and lets it go on.
fn burst(audience: &mut Audience, events: u64) -> Spent {
    spent(|| {
        let gate = Gate::shut();
        audience.publish();
        wait(Gate::holds_worker);
        (0..events).for_each(|_| audience.publish());
        audience.wait_for_hub();
        drop(gate);
        audience.receive(1 + events);
    })
}

#[test]
fn events_that_wait_for_the_same_socket_leave_in_one_system_call() {
    let events = 30;
    let mut few = Audience::of(FEW as usize);
    let calls = burst(&mut few, events).calls;
    // The first event was on its way to all of them; all the others leave together.
    assert_eq!(calls.sends, FEW + FEW);
    drop(few);
    let mut many = Audience::of(MANY as usize);
    let calls = burst(&mut many, events).calls;
    // The first event was on its way to the first slice; to the others it goes together with all the others.
    assert_eq!(calls.sends, SLICE + MANY);
}

#[test]
fn a_burst_allocates_nothing_per_delivery() {
    let events = 30;
    let mut audience = Audience::of(MANY as usize);
    // The first burst makes room in each outbox, which keeps it.
    burst(&mut audience, events);
    burst(&mut audience, events).assert_allocations(1 + events, MANY);
}

#[test]
fn connecting_and_subscribing_take_two_reads_two_sends_and_one_registration() {
    const CLIENTS: u64 = 100;
    let mut audience = Audience::of(1);
    let spent = spent(|| {
        // Held up meanwhile, the worker finds each handshake when it looks for it.
        let gate = Gate::shut();
        audience.publish();
        wait(Gate::holds_worker);
        let clients = audience.knock(CLIENTS as usize);
        drop(gate);
        audience.receive(1);
        audience.seat(clients);
    });
    let Calls { sends, reads, registrations, draws, .. } = spent.calls;
    assert_eq!((sends, reads, registrations), (1 + 2 * CLIENTS, 2 * CLIENTS, CLIENTS));
    assert_eq!(draws, 1, "random bytes for many clients are drawn at once");
    let most = 30 * CLIENTS;
    assert!(spent.allocations.worker <= most, "{:?}, and {most} would do", spent.allocations);
}
