//! The order of deliveries.

use std::sync::Arc;

use canyon_model::queue::Producer;
use canyon_model::{Flag, explore, spawn};

use crate::bench::{attach, drain, drain_all, push, serve};

/// One publisher, one server: what was published when the server looks is delivered, in order, once.
#[test]
fn one_publisher() {
    explore("one publisher", [vec![], vec![1], vec![1, 2]], || {
        let mut producer = attach();
        let mut consumer = serve();
        drain(&mut consumer);
        let publisher = spawn(move || {
            push(&mut producer, 1);
            push(&mut producer, 2);
            producer
        });
        let first = drain(&mut consumer);
        let _producer = publisher.join();
        let rest = drain_all(&mut consumer);
        assert_eq!([first.clone(), rest].concat(), [1, 2]);
        first
    });
}

/// Two publishers at the same time, two messages each: any interleaving, but each one's own order.
#[test]
fn two_publishers_overlap() {
    let interleavings =
        [[1, 2, 11, 12], [1, 11, 2, 12], [1, 11, 12, 2], [11, 1, 2, 12], [11, 1, 12, 2], [11, 12, 1, 2]];
    explore("two publishers overlap", interleavings.map(Vec::from), || {
        let (mut a, mut b) = (attach(), attach());
        let mut consumer = serve();
        drain(&mut consumer);
        let one = spawn(move || {
            push(&mut a, 1);
            push(&mut a, 2);
            a
        });
        let other = spawn(move || {
            push(&mut b, 11);
            push(&mut b, 12);
            b
        });
        let first = drain(&mut consumer);
        let _producers = (one.join(), other.join());
        [first, drain_all(&mut consumer)].concat()
    });
}

/// A's push returned before B's began, so A's comes first; neither B's alone nor B's first may ever be seen.
fn chain(name: &'static str, a: fn() -> Option<Producer>) {
    let legal = [
        // What the server found while they were at it, and all there was in the end. B does not publish unless it
        // knows of A's.
        (vec![0], vec![0, 1]),
        (vec![0, 1], vec![0, 1]),
        (vec![0], vec![0, 1, 2]),
        (vec![0, 1], vec![0, 1, 2]),
        (vec![0, 1, 2], vec![0, 1, 2]),
    ];
    explore(name, legal, move || {
        let (a, mut b) = (a(), attach());
        let mut consumer = serve();
        drain(&mut consumer);
        // Something to do, or the server would not begin to look at the tails one after the other.
        push(&mut b, 0);
        let returned = Arc::new(Flag::default());
        let told = Arc::clone(&returned);
        let first = spawn(move || {
            let mut a = a.unwrap_or_else(attach);
            push(&mut a, 1);
            returned.raise();
            a
        });
        let second = spawn(move || {
            if told.is_raised() {
                push(&mut b, 2);
            }
            b
        });
        let found = drain(&mut consumer);
        let _producers = (first.join(), second.join());
        let all = [found.clone(), drain_all(&mut consumer)].concat();
        (found, all)
    });
}

#[test]
fn causal_chain() {
    chain("causal chain", || Some(attach()));
}

/// As above, but A attaches meanwhile: the server learns of A's ring no later than of A's message.
#[test]
fn causal_chain_through_a_new_ring() {
    chain("causal chain through a new ring", || None);
}

/// The first publisher and the server come at the same moment and make directory, control page and ring between them.
#[test]
fn first_contact() {
    explore("first contact", [vec![], vec![1]], || {
        let publisher = spawn(|| {
            let mut producer = attach();
            push(&mut producer, 1);
            producer
        });
        let mut consumer = serve();
        let first = drain(&mut consumer);
        let _producer = publisher.join();
        assert_eq!([first.clone(), drain_all(&mut consumer)].concat(), [1]);
        first
    });
}
