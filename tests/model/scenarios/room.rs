//! The ring as a place of limited size: no byte is overwritten that was not read, and none is read that is being written.

use std::time::Duration;

use canyon_model::queue::Push;
use canyon_model::{explore, rings, spawn};

use crate::bench::{attach, drain, drain_all, push_blocks, serve};

/// Five messages of three blocks fill fifteen of sixteen; the sixth goes over the end of the data into what the first one
/// left. It fits when, and only when, the publisher has seen the server's release of the first.
#[test]
fn overwriting_what_was_read() {
    let legal = [
        // Whether the sixth was published, and what the server found meanwhile.
        (false, vec![1, 2, 3, 4, 5]),
        (true, vec![1, 2, 3, 4, 5]),
    ];
    explore("overwriting what was read", legal, || {
        let mut producer = attach();
        let mut consumer = serve();
        for tag in 1..=5 {
            assert_eq!(push_blocks(&mut producer, tag, 3), Push::Published);
        }
        let publisher = spawn(move || (push_blocks(&mut producer, 6, 3) == Push::Published, producer));
        let first = drain(&mut consumer);
        let (published, _producer) = publisher.join();
        let rest = drain_all(&mut consumer);
        let all = [first.clone(), rest].concat();
        let expected: &[u8] = if published { &[1, 2, 3, 4, 5, 6] } else { &[1, 2, 3, 4, 5] };
        assert_eq!(all, expected);
        (published, first)
    });
}

/// A full ring is said to be full at once; what was in it stays whole, and room comes back.
#[test]
fn full() {
    // Which of two further messages were published.
    let legal = [[false, false], [false, true], [true, false], [true, true]];
    explore("full", legal, || {
        let mut producer = attach();
        let mut consumer = serve();
        for tag in 1..=4 {
            assert_eq!(push_blocks(&mut producer, tag, 4), Push::Published);
        }
        assert_eq!(push_blocks(&mut producer, 99, 1), Push::Full);
        let publisher = spawn(move || {
            let published = [5, 6].map(|tag| push_blocks(&mut producer, tag, 4) == Push::Published);
            (published, producer)
        });
        // One at a time, so that the room comes bit by bit.
        let mut all = Vec::new();
        for _ in 0..2 {
            consumer.drain(1, &mut |record| {
                all.push(record.payload[0]);
                std::ops::ControlFlow::Continue(())
            });
        }
        let (published, mut producer) = publisher.join();
        all.extend(drain_all(&mut consumer));
        let mut expected = vec![1, 2, 3, 4];
        expected.extend([5, 6].iter().zip(published).filter_map(|(tag, published)| published.then_some(tag)));
        assert_eq!(all, expected);
        assert_eq!(push_blocks(&mut producer, 7, 4), Push::Published);
        assert_eq!(drain(&mut consumer), [7]);
        published
    });
}

/// A publisher that finds its ring more than half full, or full, wakes even a napping server; below that it does not.
#[test]
fn filling_wakes_a_napping_server() {
    explore("filling wakes a napping server", [0, 1], || {
        let mut producer = attach();
        let mut consumer = serve();
        drain(&mut consumer);
        let publisher = spawn(move || {
            for tag in 1..=3 {
                assert_eq!(push_blocks(&mut producer, tag, 4), Push::Published);
            }
            producer
        });
        // Recent traffic: the server naps, and its nap ends by itself.
        let woken = consumer.wait(Duration::from_secs(3600));
        let _producer = publisher.join();
        assert_eq!(woken, canyon_model::queue::Woken::Records);
        assert_eq!(drain_all(&mut consumer), [1, 2, 3]);
        rings()
    });
}
