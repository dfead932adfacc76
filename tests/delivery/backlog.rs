//! What becomes of clients when far more waits for them than their sockets take.

use crate::audience::{Audience, greet, read_frame, say, wait};
use crate::calls::Gate;

/// So that a hundred events are past the bounds of an outbox.
const SMALL_EVENTS: &str = "max_event_bytes = 10240";
const EVENT: usize = 8 << 10;

/// Holds the worker up while so many events come, and then lets it have all of them.
fn flood(audience: &mut Audience, events: u64, meanwhile: impl FnOnce(&mut Audience)) {
    let gate = Gate::shut();
    audience.publish_large(EVENT);
    wait(Gate::holds_worker);
    (1..events).for_each(|_| audience.publish_large(EVENT));
    audience.wait_for_hub();
    meanwhile(audience);
    drop(gate);
}

#[test]
fn clients_that_read_are_waited_for() {
    let events = 600;
    let mut audience = Audience::with(3, SMALL_EVENTS);
    flood(&mut audience, events, |_| {});
    audience.receive_at_once(events);
    assert_eq!(audience.metrics().slow_clients_closed.get(), 0);
}

#[test]
fn nobody_waits_for_a_client_that_does_not_read() {
    let events = 600;
    let mut audience = Audience::with(2, SMALL_EVENTS);
    let deaf = audience.distract();
    flood(&mut audience, events, |_| {});
    audience.receive_at_once(events);
    wait(|| audience.metrics().slow_clients_closed.get() == 1);
    audience.publish();
    audience.receive(1);
    drop(deaf);
}

#[test]
fn a_subscription_withdrawn_before_its_turn_does_not_count() {
    let events = 300;
    let mut audience = Audience::with(1, SMALL_EVENTS);
    let mut fickle = audience.knock(1).remove(0);
    greet(&mut fickle);
    flood(&mut audience, events, |_| say(&mut fickle, &["subscribe", "unsubscribe", "subscribe"]));
    audience.receive_at_once(events);
    while !read_frame(&mut fickle).contains("subscription_succeeded") {}
    audience.publish();
    audience.receive(1);
    audience.publish();
    audience.receive(1);
    let heard: Vec<String> = (0..2).map(|_| read_frame(&mut fickle)).collect();
    let data = |number: u64| format!(r#""data":"{number}"}}"#);
    assert!(heard[0].ends_with(&data(events)) && heard[1].ends_with(&data(events + 1)), "{heard:?}");
}
