//! Processes that die at any step.

use std::time::Duration;

use canyon_model::queue::hooks::Point;
use canyon_model::queue::{Consumer, Producer};
use canyon_model::{Death, Process, explore, explore_until, pass_time, spawn};

use crate::bench::{attach, drain, drain_all, leftovers, push, push_blocks, serve, settle};

/// What a publisher does in its life here: two messages.
fn publish(producer: &mut Producer) {
    push(producer, 1);
    push(producer, 2);
}

/// Attaches, and publishes these two.
fn live() -> Producer {
    let mut producer = attach();
    publish(&mut producer);
    producer
}

/// Drains while a process of the given fate lives `life`, and to the end when it is gone; what was delivered, and whether
/// the process died before its end. Nothing may be left of it.
fn drain_beside<T: 'static>(
    consumer: &mut Consumer,
    fate: Death,
    life: impl FnOnce() -> T + Send + 'static,
) -> (Vec<u8>, bool) {
    let process = Process::start(fate);
    let publisher = spawn(move || process.run(life).is_err());
    let first = drain(consumer);
    let died = publisher.join();
    process.kill();
    let all = [first, settle(consumer)].concat();
    assert_eq!(leftovers(), Vec::<String>::new());
    (all, died)
}

/// A publisher dies anywhere between its first step and its last, while the server drains. What it published is delivered,
/// once and whole; what it did not leaves nothing behind, neither a message nor a file.
#[test]
fn a_publisher_dies_at_any_step() {
    let legal = [vec![], vec![1], vec![1, 2]];
    explore_until("a publisher dies", legal, |death| drain_beside(&mut serve(), death, live));
}

/// The same with a large message, whose bytes stand in a file of their own.
#[test]
#[cfg_attr(miri, ignore = "a message of 20 KiB for each step is too much for Miri")]
fn a_publisher_of_large_messages_dies_at_any_step() {
    let legal = [vec![], vec![1], vec![1, 2]];
    explore_until("a publisher of large messages dies", legal, |death| {
        let mut consumer = serve();
        let delivered = drain_beside(&mut consumer, death, || {
            let mut producer = attach();
            let pushes = [1, 2].map(|tag| push_blocks(&mut producer, tag, 5));
            (producer, pushes)
        });
        assert_eq!(consumer.counts().lost_spills, 0);
        delivered
    });
}

/// No server runs. A publisher dies anywhere; the next one goes on in its ring, or in a ring of its own if the first was
/// not ready. The server that comes later delivers what both published, in order.
#[test]
fn the_next_publisher_adopts() {
    let legal = [vec![3], vec![1, 3], vec![1, 2, 3]];
    explore_until("the next publisher adopts", legal, |death| {
        let process = Process::start(death);
        let died = process.run(live).is_err();
        process.kill();
        let mut next = attach();
        push(&mut next, 3);
        drop(next);
        let mut consumer = serve();
        let all = settle(&mut consumer);
        assert_eq!(leftovers(), Vec::<String>::new());
        (all, died)
    });
}

/// Two publishers want the ring of a dead one at the same time: one gets it, the other makes its own, and what the dead one
/// published goes first.
#[test]
fn two_adopters_race() {
    // The order, and whether the rings were one or two besides.
    explore("two adopters race", [vec![1, 2, 3, 4], vec![1, 2, 4, 3]], || {
        let dead = Process::start(Death::Never);
        let _producer = dead.run(live);
        dead.kill();
        let adopters = [3, 4].map(|tag| {
            spawn(move || {
                let mut producer = attach();
                push(&mut producer, tag);
                producer
            })
        });
        let _producers = adopters.map(|adopter| adopter.join());
        assert_eq!(leftovers().len(), 2, "one adopted, the other made a ring");
        let mut consumer = serve();
        drain_all(&mut consumer)
    });
}

/// The server reaps a dead publisher's ring while a new publisher tries to adopt it: nothing is lost, whoever wins.
#[test]
fn adopting_races_with_reaping() {
    // How many rings the server removed before the adopter was done.
    explore("adopting races with reaping", [0, 1], || {
        let mut consumer = serve();
        let dead = Process::start(Death::Never);
        let _producer = dead.run(|| {
            let mut producer = attach();
            push(&mut producer, 1);
            producer
        });
        assert_eq!(drain(&mut consumer), [1]);
        dead.kill();
        pass_time(Duration::from_millis(200));
        let adopter = spawn(|| {
            let mut producer = attach();
            push(&mut producer, 2);
            producer
        });
        let first = drain(&mut consumer);
        let _producer = adopter.join();
        let reaped = consumer.counts().reaped;
        assert_eq!([first, settle(&mut consumer)].concat(), [2]);
        assert_eq!(leftovers().len(), 1);
        reaped
    });
}

/// As above, and the adopter dies too, at any step.
#[test]
fn an_adopter_dies_at_any_step() {
    explore_until("an adopter dies", [vec![1], vec![1, 2]], |death| {
        let mut consumer = serve();
        let dead = Process::start(Death::Never);
        let _producer = dead.run(|| {
            let mut producer = attach();
            push(&mut producer, 1);
            producer
        });
        dead.kill();
        drain_beside(&mut consumer, death, || {
            let mut producer = attach();
            push(&mut producer, 2);
            producer
        })
    });
}

/// A publisher leaves in an orderly way while the server drains: its messages are delivered and its ring is gone.
#[test]
fn a_publisher_leaves() {
    explore("a publisher leaves", [vec![], vec![1], vec![1, 2]], || {
        let mut consumer = serve();
        let publisher = spawn(|| {
            let mut producer = attach();
            publish(&mut producer);
        });
        let first = drain(&mut consumer);
        publisher.join();
        assert_eq!([first.clone(), settle(&mut consumer)].concat(), [1, 2]);
        assert_eq!(leftovers(), Vec::<String>::new());
        first
    });
}

/// The server dies at any step, in the middle of a delivery or of clearing away; the next one delivers the rest. At most
/// the one message that was being delivered comes twice.
#[test]
fn a_server_dies_at_any_step() {
    let legal = [vec![1, 2, 3], vec![1, 1, 2, 3], vec![1, 2, 2, 3], vec![1, 2, 3, 3]];
    explore_until("a server dies", legal, |death| {
        let gone = Process::start(Death::Never);
        let _producer = gone.run(live);
        gone.kill();
        let server = Process::start(death);
        let publisher = spawn(|| {
            let mut producer = attach();
            push(&mut producer, 3);
            producer
        });
        // Outside the process: what it told others before it died.
        let told = std::sync::Mutex::new(Vec::new());
        let life = server.run(|| {
            let mut consumer = serve();
            let mut deliver = |record: canyon_model::queue::Record<'_>| {
                told.lock().unwrap().push(record.payload[0]);
                std::ops::ControlFlow::Continue(())
            };
            consumer.drain(usize::MAX, &mut deliver);
            consumer
        });
        let _producer = publisher.join();
        server.kill();
        let died = life.is_err();
        drop(life);
        let mut next = serve();
        let all = [told.into_inner().unwrap(), settle(&mut next)].concat();
        assert_eq!(leftovers().len(), 1, "the living publisher's ring alone");
        (all, died)
    });
}

/// At the named points, of which the crash tests with real processes use the same: what was published there, and what not.
#[test]
fn named_points() {
    let points = [
        (Point::RingCreated, 1, vec![]),
        (Point::RingReady, 1, vec![]),
        (Point::RingNamed, 1, vec![]),
        (Point::TicketTaken, 1, vec![]),
        (Point::HalfCopied, 1, vec![]),
        (Point::RecordWritten, 1, vec![]),
        (Point::RecordPublished, 1, vec![1]),
        (Point::RecordWritten, 2, vec![1]),
        (Point::RecordPublished, 2, vec![1, 2]),
    ];
    for (point, nth, published) in points {
        explore(&format!("{point:?} for time {nth}"), [published], move || {
            let (all, died) = drain_beside(&mut serve(), Death::At(point, nth), live);
            assert!(died, "{point:?} was not reached");
            all
        });
    }
}
