//! The tests.

use crate::allocations;
use crate::audience::{Audience, wait};
use crate::calls::{Calls, Gate};

/// Events that are published one at a time.
const EVENTS: u64 = 50;

/// Allocations that an event may take, however many get it: its frame, and its letter to each worker.
const ALLOCATIONS_PER_EVENT: u64 = 8;

/// Subscribers of a channel whose events are sent without a look at anything else; and of one that is served in slices.
const FEW: u64 = 20;
const MANY: u64 = 300;

/// Sockets of a slice (`BULK_SLICE` of the worker).
const SLICE: u64 = 128;

/// Calls and allocations of a server that delivers one event after the other.
fn one_at_a_time(subscribers: u64) -> (Calls, u64) {
    let mut audience = Audience::of(subscribers as usize);
    let mut deliver = |events: u64| {
        for _ in 0..events {
            audience.publish();
            audience.receive(1);
        }
    };
    // The first ones make room in what is kept.
    deliver(3);
    let (calls, allocations) = (Calls::count(), allocations::count());
    deliver(EVENTS);
    (Calls::count().since(calls), allocations::count() - allocations)
}

#[test]
fn a_delivery_is_one_system_call_and_no_allocation() {
    for subscribers in [FEW, MANY] {
        let (calls, allocations) = one_at_a_time(subscribers);
        assert_eq!(calls.sends, EVENTS * subscribers, "one send each");
        assert_eq!(calls.reads, 0, "nobody said anything");
        // One to fall asleep and one between two slices; a few ticks of the clock may come on top.
        let most = EVENTS * (2 + subscribers / SLICE) + 60;
        assert!(calls.polls <= most, "{calls:?}, and {most} polls would do");
        let most = EVENTS * ALLOCATIONS_PER_EVENT;
        assert!(
            allocations <= most,
            "{allocations} allocations for {subscribers} subscribers, {most} would do"
        );
    }
}

/// Holds the worker up in the first send of a first event, publishes `events` more, and lets it go on; calls and
/// allocations from there on.
fn burst(audience: &mut Audience, events: u64) -> (Calls, u64) {
    let (calls, allocations) = (Calls::count(), allocations::count());
    let gate = Gate::shut();
    audience.publish();
    wait(Gate::holds_worker);
    (0..events).for_each(|_| audience.publish());
    audience.wait_for_hub();
    drop(gate);
    audience.receive(1 + events);
    (Calls::count().since(calls), allocations::count() - allocations)
}

#[test]
fn events_that_wait_for_the_same_socket_leave_in_one_system_call() {
    let events = 30;
    let mut few = Audience::of(FEW as usize);
    let (calls, _) = burst(&mut few, events);
    // The first event was on its way to all of them; all the others leave together.
    assert_eq!(calls.sends, FEW + FEW);
    drop(few);
    let mut many = Audience::of(MANY as usize);
    let (calls, _) = burst(&mut many, events);
    // The first event was on its way to the first slice; to the others it goes together with all the others.
    assert_eq!(calls.sends, SLICE + MANY);
}

#[test]
fn a_burst_allocates_nothing_per_delivery() {
    let events = 30;
    let mut audience = Audience::of(MANY as usize);
    // The first burst makes room in each outbox, which keeps it.
    burst(&mut audience, events);
    let (_, allocations) = burst(&mut audience, events);
    let most = (1 + events) * ALLOCATIONS_PER_EVENT;
    assert!(
        allocations <= most,
        "{allocations} allocations for {} deliveries, {most} would do",
        events * MANY
    );
}
