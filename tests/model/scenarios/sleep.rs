//! Sleeping and waking. A sleep never times out in the model, so a lost wake-up is a deadlock, and Loom reports it.

use std::time::Duration;

use canyon_model::queue::{Consumer, Woken};
use canyon_model::{explore, pass_time, rings, sleeps, spawn};

use crate::bench::{attach, drain, drain_into, push, serve};

const LONG: Duration = Duration::from_secs(3600);

/// So long after the last message that the server sleeps rather than naps.
fn silence() {
    pass_time(Duration::from_millis(200));
}

/// Waits and drains until so many messages came.
fn receive(consumer: &mut Consumer, count: usize) -> Vec<u8> {
    let mut tags = Vec::new();
    while tags.len() < count {
        if !drain_into(consumer, &mut tags) && tags.len() < count {
            silence();
            assert_eq!(consumer.wait(LONG), Woken::Records);
        }
    }
    tags
}

/// Either the server sees the message before it sleeps, or the publisher sees that it sleeps and rings; both can happen, as
/// can a ring that comes just before the sleep.
#[test]
fn no_wake_up_is_lost() {
    // How often it slept, and how often the bell was rung.
    explore("no wake-up is lost", [(0, 0), (0, 1), (1, 1)], || {
        let mut producer = attach();
        let mut consumer = serve();
        drain(&mut consumer);
        let publisher = spawn(move || {
            push(&mut producer, 1);
            producer
        });
        assert_eq!(receive(&mut consumer, 1), [1]);
        let _producer = publisher.join();
        (sleeps(), rings())
    });
}

/// Two publishers: whoever rings has rung for both.
#[test]
fn no_wake_up_of_two_is_lost() {
    let legal = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];
    explore("no wake-up of two is lost", legal, || {
        let (mut a, mut b) = (attach(), attach());
        let mut consumer = serve();
        drain(&mut consumer);
        let one = spawn(move || {
            push(&mut a, 1);
            a
        });
        let other = spawn(move || {
            push(&mut b, 2);
            b
        });
        let mut tags = receive(&mut consumer, 2);
        let _producers = (one.join(), other.join());
        tags.sort_unstable();
        assert_eq!(tags, [1, 2]);
        (sleeps(), rings())
    });
}

/// The first message of a new publisher wakes a server that has never seen its ring.
#[test]
fn a_new_publisher_wakes_a_sleeping_server() {
    explore("a new publisher wakes a sleeping server", [(0, 0), (0, 1), (1, 1)], || {
        let mut consumer = serve();
        drain(&mut consumer);
        let publisher = spawn(|| {
            let mut producer = attach();
            push(&mut producer, 1);
            producer
        });
        assert_eq!(receive(&mut consumer, 1), [1]);
        let _producer = publisher.join();
        (sleeps(), rings())
    });
}

/// Another thread of the server's can always end its sleep.
#[test]
fn a_waker_is_never_missed() {
    explore("a waker is never missed", [0, 1], || {
        let mut consumer = serve();
        drain(&mut consumer);
        let waker = consumer.waker();
        let other = spawn(move || waker.wake());
        silence();
        assert_eq!(consumer.wait(LONG), Woken::Waker);
        other.join();
        sleeps()
    });
}

/// While traffic is recent the server naps, and nobody has to ring: at most one ring, for the sleep after the nap.
#[test]
fn a_nap_needs_no_bell() {
    explore("a nap needs no bell", [(0, 0), (0, 1), (1, 1)], || {
        let mut producer = attach();
        let mut consumer = serve();
        drain(&mut consumer);
        let publisher = spawn(move || {
            push(&mut producer, 1);
            producer
        });
        assert_eq!(consumer.wait(LONG), Woken::Records);
        assert_eq!(drain(&mut consumer), [1]);
        let _producer = publisher.join();
        (sleeps(), rings())
    });
}
