//! What waits while nobody drains, and what finds no room.

use std::thread::sleep;
use std::time::{Duration, Instant};

use canyon::queue::{Consumer, ConsumerOptions, Push};

use crate::place::{Place, drain, push};

const MAX_AGE: Duration = Duration::from_secs(2);
const LONGER: Duration = Duration::from_millis(2200);

fn consumer_with_age(place: &Place, max_age: Duration) -> Consumer {
    Consumer::open(ConsumerOptions { max_age: Some(max_age), ..ConsumerOptions::new(place.path()) }).unwrap()
}

#[test]
fn what_waited_too_long_for_a_consumer_to_come_is_skipped_and_counted() {
    let place = Place::new();
    let mut producer = place.producer();
    for _ in 0..3 {
        let _ = push(&mut producer, b"old");
    }
    let _ = push(&mut producer, &vec![1; 100_000]);
    sleep(LONGER);
    let _ = push(&mut producer, b"young");
    let mut consumer = consumer_with_age(&place, MAX_AGE);
    assert_eq!(consumer.waiting(), 1);
    assert_eq!(drain(&mut consumer), [b"young"]);
    assert_eq!((consumer.counts().expired, consumer.counts().delivered), (4, 1));
    assert!(place.names("spill.").is_empty());
    assert_eq!(consumer.waiting(), 0);
}

#[test]
fn what_waits_is_found_behind_any_amount_of_junk() {
    let place = Place::new();
    // On both sides of the ring, whichever way the system lists a directory; each more than is looked at in one portion.
    let litter = |side: &str| {
        for number in 0..1100 {
            std::fs::write(place.path().join(format!("ring.{side}-{number}")), "").unwrap();
        }
    };
    drop(place.producer());
    litter("before");
    let mut producer = place.producer();
    let _ = push(&mut producer, b"hidden");
    litter("after");
    assert_eq!(place.consumer().waiting(), 1);
}

#[test]
fn what_waited_too_long_for_a_paused_consumer_is_skipped_and_counted() {
    let place = Place::new();
    let mut producer = place.producer();
    let mut consumer = consumer_with_age(&place, MAX_AGE);
    let _ = push(&mut producer, b"old");
    // Nobody calls the consumer: as if its process was stopped.
    sleep(LONGER);
    let _ = push(&mut producer, b"young");
    assert_eq!(drain(&mut consumer), [b"young"]);
    assert_eq!(consumer.counts().expired, 1);
}

#[test]
fn what_waits_for_a_consumer_at_work_is_delivered_however_old_it_is() {
    let place = Place::new();
    let mut producer = place.producer();
    let mut consumer = consumer_with_age(&place, MAX_AGE);
    let _ = push(&mut producer, b"patient");
    let until = Instant::now() + LONGER;
    while Instant::now() < until {
        consumer.rest(Duration::from_millis(10));
    }
    assert_eq!(drain(&mut consumer), [b"patient"]);
    assert_eq!(consumer.counts().expired, 0);
}

#[test]
fn without_a_limit_everything_is_delivered() {
    let place = Place::new();
    let mut producer = place.producer();
    let _ = push(&mut producer, b"old");
    sleep(Duration::from_millis(50));
    let mut consumer = place.consumer();
    assert_eq!(consumer.waiting(), 1);
    assert_eq!(drain(&mut consumer), [b"old"]);
}

/// Pushes until there is no room, then so many times more.
fn overfill(producer: &mut canyon::queue::Producer, more: u64) {
    while push(producer, &[0; 1000]) == Push::Published {}
    for _ in 1..more {
        assert_eq!(push(producer, &[0; 1000]), Push::Full);
    }
}

/// Lets the consumer do what it does from time to time.
fn tended(consumer: &mut Consumer, refused: u64) -> u64 {
    let until = Instant::now() + Duration::from_secs(10);
    while consumer.counts().pushes_refused < refused && Instant::now() < until {
        consumer.rest(Duration::from_millis(10));
    }
    consumer.counts().pushes_refused
}

#[test]
fn refused_pushes_are_counted_once_across_producers_and_consumers() {
    let place = Place::new();
    let mut first = place.small_producer();
    overfill(&mut first, 3);
    assert_eq!(first.status().refused, 3);
    let mut consumer = place.consumer();
    drain(&mut consumer);
    assert_eq!(tended(&mut consumer, 3), 3);
    drop(consumer);

    // Counted already: the next consumer counts only what comes on top.
    overfill(&mut first, 2);
    assert_eq!(first.status().refused, 5);
    let mut consumer = place.consumer();
    drain(&mut consumer);
    assert_eq!(tended(&mut consumer, 2), 2);

    let mut second = place.small_producer();
    overfill(&mut second, 4);
    assert_eq!(second.status().refused, 4);
    drain(&mut consumer);
    assert_eq!(tended(&mut consumer, 6), 6);
}

/// The ring is drained, left and removed before the consumer looks at its counter again.
#[test]
fn refusals_of_a_producer_that_left_are_not_lost() {
    let place = Place::new();
    let mut consumer = place.consumer();
    let mut producer = place.small_producer();
    drain(&mut consumer);
    overfill(&mut producer, 7);
    drain(&mut consumer);
    drop(producer);
    assert_eq!(tended(&mut consumer, 7), 7);
    drain(&mut consumer);
    assert!(place.left_behind().is_empty(), "{:?}", place.left_behind());
}

#[test]
fn payloads_without_room_for_their_file_are_counted_too() {
    let place = Place::new();
    let mut producer = place.producer();
    let large = vec![1; 3 * 1024 * 1024];
    while push(&mut producer, &large) == Push::Published {}
    assert_eq!(producer.status().refused, 1);
    let mut consumer = place.consumer();
    assert_eq!(drain(&mut consumer).len(), 2);
    assert_eq!(tended(&mut consumer, 1), 1);
}
