//! One process, both ends: what a push and a drain do.

use std::ops::ControlFlow;
use std::time::Duration;

use canyon::queue::{Backlog, Consumer, ConsumerOptions, MAX_PAYLOAD, Push, Server, Woken};

use crate::place::{Place, drain, push};

#[test]
fn what_is_pushed_is_drained_in_order_across_producers() {
    let place = Place::new();
    let mut consumer = place.consumer();
    let mut producers = [place.producer(), place.producer(), place.producer()];
    for round in 0..100u32 {
        for (index, producer) in producers.iter_mut().enumerate() {
            let text = format!("{round}.{index}");
            assert_eq!(push(producer, text.as_bytes()), Push::Published);
        }
    }
    let got = drain(&mut consumer);
    let expected: Vec<_> = (0..100u32)
        .flat_map(|round| (0..3).map(move |index| format!("{round}.{index}").into_bytes()))
        .collect();
    assert_eq!(got, expected);
}

#[test]
fn a_queue_without_a_server_keeps_what_is_pushed_for_the_server_that_comes() {
    let place = Place::new();
    let mut producer = place.producer();
    assert_eq!(producer.status().server, Server::Absent);
    let _ = push(&mut producer, b"early");
    let status = producer.status();
    assert_eq!((status.depth_records, status.depth_bytes), (1, 32));
    let mut consumer = place.consumer();
    assert!(matches!(producer.status().server, Server::Alive { .. }));
    assert_eq!(drain(&mut consumer), [b"early"]);
    assert_eq!(producer.status().depth_records, 0);
    drop(consumer);
    assert_eq!(producer.status().server, Server::Absent);
}

#[test]
fn a_full_ring_says_so_at_once_and_takes_more_after_a_drain() {
    let place = Place::new();
    let mut producer = place.small_producer();
    let payload = [7; 1000];
    let mut pushed = 0;
    while push(&mut producer, &payload) == Push::Published {
        pushed += 1;
    }
    assert_eq!(pushed, 64 * 1024 / 1024);
    let mut consumer = place.consumer();
    for round in 0..100 {
        let got = drain(&mut consumer);
        assert_eq!(got.len(), pushed, "round {round}");
        assert!(got.iter().all(|record| record == &payload));
        for _ in 0..pushed {
            assert_eq!(push(&mut producer, &payload), Push::Published);
        }
        assert_eq!(push(&mut producer, &payload), Push::Full);
    }
}

#[test]
fn large_events_keep_their_place_between_small_ones() {
    let place = Place::new();
    let mut consumer = place.consumer();
    let mut producer = place.small_producer();
    let large = vec![3; 1_000_000];
    for _ in 0..3 {
        let _ = push(&mut producer, b"before");
        assert_eq!(push(&mut producer, &large), Push::Published);
        let _ = push(&mut producer, b"after");
    }
    assert_eq!(place.names("spill.").len(), 3);
    let got = drain(&mut consumer);
    let expected: Vec<&[u8]> = [b"before".as_slice(), &large, b"after"].repeat(3);
    assert_eq!(got, expected);
    assert!(place.names("spill.").is_empty());
}

#[test]
fn spilled_events_have_a_limit_that_frees_itself() {
    let place = Place::new();
    let mut consumer = place.consumer();
    let mut producer = place.producer();
    let large = vec![1; 3 * 1024 * 1024];
    for _ in 0..5 {
        assert_eq!(push(&mut producer, &large), Push::Published);
        assert_eq!(push(&mut producer, &large), Push::Published);
        assert_eq!(push(&mut producer, &large), Push::Full);
        assert_eq!(push(&mut producer, b"small ones still fit"), Push::Published);
        assert_eq!(drain(&mut consumer).len(), 3);
    }
    let error = producer.push(MAX_PAYLOAD + 1, |_| {}).unwrap_err().to_string();
    assert!(error.contains("8388609") && error.contains("8388608"), "{error}");
}

#[test]
fn a_miscounted_message_is_an_error_and_publishes_nothing() {
    let place = Place::new();
    let mut consumer = place.consumer();
    let mut producer = place.producer();
    for len in [3, 5, 100_000, 100_002] {
        let written = vec![1; if len < 10 { 4 } else { 100_001 }];
        assert!(producer.push(len, |writer| writer.put(&written)).is_err(), "{len} announced");
    }
    assert!(drain(&mut consumer).is_empty());
    let _ = push(&mut producer, b"next");
    assert_eq!(drain(&mut consumer), [b"next"]);
}

#[test]
fn a_budget_bounds_a_drain_and_a_break_ends_it_without_losing_anything() {
    let place = Place::new();
    let mut consumer = place.consumer();
    let mut producer = place.producer();
    for _ in 0..10 {
        let _ = push(&mut producer, b"x");
    }
    let drained = consumer.drain(4, &mut |_| ControlFlow::Continue(()));
    assert_eq!((drained.records, drained.more), (4, true));
    let drained = consumer.drain(100, &mut |_| ControlFlow::Break(()));
    assert_eq!((drained.records, drained.more), (1, true));
    assert_eq!(drain(&mut consumer).len(), 5);
    assert_eq!(consumer.counts().delivered, 10);
}

#[test]
fn a_sleeping_consumer_is_woken_by_a_push_and_by_its_waker() {
    let place = Place::new();
    let mut consumer = place.consumer();
    let mut producer = place.producer();
    drain(&mut consumer);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(300));
            let _ = push(&mut producer, b"wake up");
        });
        assert_eq!(consumer.wait(Duration::from_secs(30)), Woken::Records);
        assert_eq!(drain(&mut consumer), [b"wake up"]);
    });
    let waker = consumer.waker();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(300));
            waker.wake();
        });
        assert_eq!(consumer.wait(Duration::from_secs(30)), Woken::Waker);
    });
    let _ = push(&mut producer, b"not yet");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(100));
            waker.wake();
        });
        assert!(consumer.rest(Duration::from_secs(30)));
    });
    assert_eq!(drain(&mut consumer), [b"not yet"]);
    assert_eq!(consumer.wait(Duration::from_millis(1)), Woken::Timeout);
}

#[test]
fn a_second_consumer_is_refused_by_name_until_the_first_is_gone() {
    let place = Place::new();
    let consumer = place.consumer();
    let error = Consumer::open(ConsumerOptions::new(place.path())).unwrap_err().to_string();
    assert!(
        error.contains("another server drains") && error.contains(&std::process::id().to_string()),
        "{error}"
    );
    drop(consumer);
    place.consumer();
}

#[test]
fn a_publisher_leaves_no_file_behind_even_without_a_server() {
    let place = Place::new();
    drop(place.producer());
    assert!(place.names("ring.").is_empty());
    let mut consumer = place.consumer();
    let mut producer = place.producer();
    let _ = push(&mut producer, b"unread");
    drop(producer);
    assert_eq!(place.names("ring.").len(), 1);
    assert_eq!(drain(&mut consumer), [b"unread"]);
    while consumer.rings() > 0 {
        consumer.wait(Duration::from_millis(50));
    }
    assert!(place.names("ring.").is_empty());
}

#[test]
fn an_abandoned_ring_is_adopted_with_what_is_in_it() {
    let place = Place::new();
    for count in 0..20 {
        let mut producer = place.producer();
        assert_eq!(producer.status().depth_records, count);
        let _ = push(&mut producer, format!("{count}").as_bytes());
    }
    assert_eq!(place.names("ring.").len(), 1);
    let expected: Vec<_> = (0..20).map(|count| format!("{count}").into_bytes()).collect();
    assert_eq!(drain(&mut place.consumer()), expected);
}

#[test]
fn the_backlog_is_that_of_all_rings() {
    let place = Place::new();
    let mut producers = [place.producer(), place.producer()];
    assert_eq!(producers[0].backlog(), Backlog::default());
    let _ = push(&mut producers[0], b"early");
    std::thread::sleep(Duration::from_millis(20));
    for _ in 0..2 {
        let _ = push(&mut producers[1], b"later");
    }
    let mut gone = place.producer();
    let _ = push(&mut gone, b"last");
    drop(gone);
    std::fs::write(place.path().join("ring.junk"), "no ring").unwrap();
    let backlog = producers[1].backlog();
    assert_eq!((backlog.records, backlog.bytes), (4, 4 * 32));
    assert!(backlog.oldest_ms >= Some(10), "that of the other ring: {backlog:?}");
    let mut consumer = place.consumer();
    assert_eq!(drain(&mut consumer).len(), 4);
    assert_eq!(producers[1].backlog(), Backlog::default());
}
