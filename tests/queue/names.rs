//! Names that are taken away: of a ring, of the whole directory, at the worst of moments.

use canyon::queue::hooks::{self, Point};

use crate::place::{Place, drain, push, until};

/// The file's name goes; who has it open keeps it.
fn take_name_away(place: &Place) {
    let [name] = place.names("ring.").try_into().unwrap();
    std::fs::remove_file(place.path().join(name)).unwrap();
}

#[test]
fn a_ring_that_lost_its_name_is_drained_and_soon_replaced_by_one_that_the_next_server_finds() {
    let place = Place::new();
    let mut consumer = place.consumer();
    let mut producer = place.producer();
    let _ = push(&mut producer, b"named");
    assert_eq!(drain(&mut consumer), [b"named"]);
    take_name_away(&place);
    let mut sent = 0;
    let mut got = 0;
    until("the publisher has another ring", || {
        let _ = push(&mut producer, b"nameless");
        sent += 1;
        got += drain(&mut consumer).len();
        place.names("ring.").len() == 1
    });
    assert_eq!(got + drain(&mut consumer).len(), sent);
    drop(consumer);
    let _ = push(&mut producer, b"found");
    assert_eq!(drain(&mut place.consumer()), [b"found"]);
}

#[test]
fn a_ring_that_lost_its_name_between_two_servers_is_replaced_as_soon_as_the_second_one_is_there() {
    let place = Place::new();
    let first = place.consumer();
    let mut producer = place.producer();
    let _ = push(&mut producer, b"lost with its ring");
    take_name_away(&place);
    drop(first);
    let mut second = place.consumer();
    until("the second server gets something", || {
        let _ = push(&mut producer, b"x");
        !drain(&mut second).is_empty()
    });
}

#[test]
fn a_ring_that_lost_its_name_before_the_server_saw_it_is_soon_replaced_by_one_that_it_sees() {
    let place = Place::new();
    let mut consumer = place.consumer();
    // The server is at work, and has nothing else to call the roll for.
    drain(&mut consumer);
    let ring = place.path();
    hooks::at(Point::RingNamed, move || {
        let names = std::fs::read_dir(ring).unwrap().map(|entry| entry.unwrap().path());
        for ring in names.filter(|path| path.to_string_lossy().contains("/ring.")) {
            std::fs::remove_file(ring).unwrap();
        }
    });
    let mut producer = place.producer();
    assert!(place.names("ring.").is_empty());
    let _ = push(&mut producer, b"lost with its ring");
    until("the server gets something", || {
        let got = drain(&mut consumer);
        let _ = push(&mut producer, b"found");
        got.contains(&b"found".to_vec())
    });
}

#[test]
fn a_directory_that_vanishes_while_a_producer_attaches_is_made_anew() {
    for point in [Point::DirectoryOpened, Point::RingCreated, Point::RingReady, Point::RingNamed] {
        let place = Place::new();
        drop(place.producer());
        let path = place.path();
        hooks::at(point, move || std::fs::remove_dir_all(path).unwrap());
        let mut producer = place.producer();
        let _ = push(&mut producer, b"found");
        assert_eq!(drain(&mut place.consumer()), [b"found"], "{point:?}");
    }
}
