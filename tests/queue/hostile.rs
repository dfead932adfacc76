//! What is in the directory may be anything: written over, put there by mistake, or taken away.

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};

use canyon::queue::{Access, Consumer, ConsumerOptions, Producer, ProducerOptions, Push};

use crate::place::{Place, drain, push, until, write_private};

/// Where things lie, as the layout's own tests fix it.
const TICKET: u64 = 128;
const HEAD: u64 = 128;
const TAIL: u64 = 256;
const DATA: u64 = 4096;

fn open(place: &Place, name: &str) -> File {
    File::options().read(true).write(true).open(place.path().join(name)).unwrap()
}

fn the_ring(place: &Place) -> File {
    open(place, &place.names("ring.").concat())
}

fn put(file: &File, at: u64, value: u64) {
    file.write_all_at(&value.to_le_bytes(), at).unwrap();
}

#[test]
fn a_ticket_counter_that_runs_backwards_or_jumps_stalls_nobody() {
    let place = Place::new();
    let mut consumer = place.consumer();
    let mut producers = [place.producer(), place.producer()];
    let control = open(&place, "control");
    for (round, ticket) in [1000, 0, u64::MAX - 1, 3, 1 << 40, 0].into_iter().enumerate() {
        for producer in &mut producers {
            let _ = push(producer, b"before");
        }
        put(&control, TICKET, ticket);
        for producer in &mut producers {
            let _ = push(producer, b"after");
        }
        let mut got = drain(&mut consumer);
        // Once more: a ticket that has just been passed by the counter may need a second look.
        got.extend(drain(&mut consumer));
        assert_eq!(got.len(), 4, "round {round}");
    }
    assert!(consumer.counts().foreign_tickets > 0);
    assert_eq!(consumer.counts().delivered, 24);
}

#[test]
fn a_foreign_ticket_is_not_put_off_by_a_busy_queue() {
    let place = Place::new();
    let mut consumer = place.consumer();
    let (mut stuck, mut busy) = (place.producer(), place.producer());
    let control = open(&place, "control");
    put(&control, TICKET, 1 << 50);
    let _ = push(&mut stuck, b"stuck?");
    put(&control, TICKET, 0);
    let mut got = Vec::new();
    for _ in 0..3 {
        for _ in 0..10 {
            let _ = push(&mut busy, b"busy");
        }
        consumer.drain(5, &mut |record| {
            got.push(record.payload.to_vec());
            std::ops::ControlFlow::Continue(())
        });
    }
    assert!(got.contains(&b"stuck?".to_vec()));
}

#[test]
fn garbage_in_a_ring_is_counted_and_skipped_and_the_next_message_arrives() {
    let place = Place::new();
    let mut consumer = place.consumer();
    let (mut victim, mut other) = (place.producer(), place.producer());
    let _ = push(&mut victim, b"whose ring is whose");
    drain(&mut consumer);
    let ring = place.names("ring.").into_iter().find(|name| {
        let mut tail = [0; 8];
        open(&place, name).read_exact_at(&mut tail, TAIL).unwrap();
        u64::from_le_bytes(tail) > 0
    });
    let ring = open(&place, &ring.unwrap());
    let mut position = 48;
    for (garbage, what) in [
        ((0xffff_ffff, 1), "a length beyond everything"),
        ((300_000, 1), "a length beyond the ring"),
        ((100, 1), "a length beyond the tail"),
        ((4, 0), "no kind"),
        ((4, 77), "an unknown kind"),
        ((4, 2), "a spill of the wrong size"),
    ] {
        let (len, kind): (u32, u16) = garbage;
        let before = consumer.counts();
        let _ = push(&mut victim, b"hit!");
        let _ = push(&mut other, b"safe");
        ring.write_all_at(&len.to_le_bytes(), DATA + position).unwrap();
        ring.write_all_at(&kind.to_le_bytes(), DATA + position + 4).unwrap();
        assert_eq!(drain(&mut consumer), [b"safe"], "{what}");
        let counts = consumer.counts();
        assert_eq!(
            (counts.damaged, counts.lost_bytes),
            (before.damaged + 1, before.lost_bytes + 32),
            "{what}"
        );
        let _ = push(&mut victim, b"next");
        assert_eq!(drain(&mut consumer), [b"next"], "{what}");
        position += 64;
    }
}

#[test]
fn a_tail_that_cannot_be_stalls_nobody_and_heals_with_the_next_push() {
    let place = Place::new();
    let mut consumer = place.consumer();
    let mut victim = place.producer();
    let _ = push(&mut victim, b"1");
    assert_eq!(drain(&mut consumer), [b"1"]);
    let ring = the_ring(&place);
    let mut other = place.producer();
    for tail in [u64::MAX, 0, 1 << 40, 33, 36] {
        put(&ring, TAIL, tail);
        let _ = push(&mut other, b"safe");
        assert_eq!(drain(&mut consumer), [b"safe"], "with a tail of {tail}");
        let _ = push(&mut victim, b"back");
        assert_eq!(drain(&mut consumer), [b"back"], "after a tail of {tail}");
    }
    assert!(consumer.counts().damaged > 0);
}

#[test]
fn a_head_and_a_tail_between_two_words_are_no_place_to_read_from() {
    let place = Place::new();
    let mut producer = place.producer();
    let _ = push(&mut producer, b"written over");
    let ring = the_ring(&place);
    drop(producer);
    // What stands between them would be a record.
    put(&ring, HEAD, 5);
    put(&ring, TAIL, 5 + 24);
    ring.write_all_at(&[0; 24], DATA + 5).unwrap();
    ring.write_all_at(&1_u16.to_le_bytes(), DATA + 5 + 4).unwrap();
    let mut consumer = place.consumer();
    assert_eq!(drain(&mut consumer), [] as [&[u8]; 0]);
    let counts = consumer.counts();
    assert_eq!((counts.damaged > 0, counts.delivered), (true, 0));
}

#[test]
fn a_producer_whose_ring_lost_its_head_goes_on_with_another_ring() {
    let place = Place::new();
    let mut consumer = place.consumer();
    let mut producer = place.small_producer();
    let _ = push(&mut producer, b"first");
    assert_eq!(drain(&mut consumer), [b"first"]);
    put(&the_ring(&place), HEAD, 1 << 50);
    let mut pushed = 0;
    let mut refused = 0;
    while pushed < 200 {
        match push(&mut producer, &[5; 1000]) {
            Push::Published => pushed += 1,
            Push::Full => {
                refused += 1;
                drain(&mut consumer);
            }
        }
    }
    assert!(refused < 10, "{refused} refusals");
    drain(&mut consumer);
    assert_eq!(consumer.counts().delivered, 201);
}

#[test]
fn rings_with_foreign_words_are_refused_and_cleared_away() {
    let place = Place::new();
    let mut consumer = place.consumer();
    let put = |name: &str, bytes: &[u8]| write_private(&place.path().join(name), bytes);
    put("ring.short", b"x");
    put("ring.zeros", &vec![0; 4096 + 65536]);
    put("new.forgotten", b"");
    put("spill.nobody.0", b"x");
    put("something else", b"is left alone");
    // Far too large, and nothing in it.
    put("ring.sparse", b"");
    open(&place, "ring.sparse").set_len(1 << 40).unwrap();
    let mut producer = place.producer();
    let _ = push(&mut producer, b"safe");
    assert_eq!(drain(&mut consumer), [b"safe"]);
    drop(producer);
    until("the directory is tidy", || {
        consumer.wait(std::time::Duration::from_millis(10));
        drain(&mut consumer);
        place.left_behind().is_empty()
    });
    assert_eq!(consumer.counts().refused, 3);
    let problems: Vec<_> =
        std::iter::from_fn(|| consumer.take_problem()).map(|problem| problem.to_string()).collect();
    assert!(
        problems.iter().all(|problem| problem.contains("ring.") && problem.contains("damaged")),
        "{problems:?}"
    );
    assert_eq!(place.names("something else").len(), 1);
}

#[test]
fn a_control_page_of_another_version_or_of_somebody_else_is_refused_on_both_sides() {
    for (format, words) in
        [(0x434e_594e_0000_0009, "version 9, and this is version 1"), (7, "not made by Canyon")]
    {
        let place = Place::new();
        place.producer();
        put(&open(&place, "control"), 0, format);
        let refused = [
            Producer::attach(ProducerOptions::new(place.path())).unwrap_err().to_string(),
            Consumer::open(ConsumerOptions::new(place.path())).unwrap_err().to_string(),
        ];
        assert!(
            refused.iter().all(|refused| refused.contains(words) && refused.contains("control")),
            "{refused:?}"
        );
    }
}

#[test]
fn a_path_that_is_no_directory_or_has_no_parent_is_refused_by_name() {
    let place = Place::new();
    std::fs::write(place.path(), b"a file").unwrap();
    let attach = |path| Producer::attach(ProducerOptions::new(path)).unwrap_err().to_string();
    assert!(attach(place.path()).contains("is not a directory"));
    let link = place.beside("link");
    std::os::unix::fs::symlink("/dev/shm", &link).unwrap();
    assert!(attach(link).contains("is not a directory"));
    let nowhere = attach(place.beside("no/where"));
    assert!(nowhere.contains("cannot make the queue directory") && nowhere.contains("no/where"), "{nowhere}");
}

#[test]
fn the_directory_is_private_or_shared_with_exactly_the_configured_group() {
    let place = Place::new();
    let mut producer = place.producer();
    let _ = push(&mut producer, b"x");
    let mode = |name: &str| std::fs::metadata(place.path().join(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("."), mode("control"), mode(&place.names("ring.").concat())), (0o700, 0o600, 0o600));
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let refused = Producer::attach(ProducerOptions::new(place.path())).unwrap_err().to_string();
    assert!(refused.contains("mode 0777") && refused.contains("chmod"), "{refused}");

    let shared = Place::new();
    let gid = rustix::process::getegid().as_raw();
    let access = Access { owner: None, group: Some(gid) };
    let mut producer =
        Producer::attach(ProducerOptions { access, ..ProducerOptions::new(shared.path()) }).unwrap();
    let _ = push(&mut producer, b"x");
    let stat = |name: &str| std::fs::metadata(shared.path().join(name)).unwrap();
    assert_eq!(stat(".").permissions().mode() & 0o7777, 0o2770);
    let ring = stat(&shared.names("ring.").concat());
    assert_eq!((ring.permissions().mode() & 0o7777, ring.gid()), (0o660, gid));
    let refused = Producer::attach(ProducerOptions::new(shared.path())).unwrap_err().to_string();
    assert!(refused.contains("group"), "{refused}");
}

#[test]
fn a_directory_removed_under_both_sides_is_made_anew_and_nothing_after_is_lost() {
    let place = Place::new();
    let mut consumer = place.consumer();
    let (mut first, mut second) = (place.producer(), place.producer());
    // A ring that the server never opened cannot survive the removal of its file.
    drain(&mut consumer);
    for round in 0..3 {
        let _ = push(&mut first, b"in the old directory");
        std::fs::remove_dir_all(place.path()).unwrap();
        let _ = push(&mut second, b"before anybody noticed");
        until("the server has noticed", || {
            consumer.wait(std::time::Duration::from_millis(10));
            consumer.counts().moved > round
        });
        let _ = push(&mut first, b"in the new directory");
        let _ = push(&mut second, b"too");
        let expected: [&[u8]; 4] =
            [b"in the old directory", b"before anybody noticed", b"in the new directory", b"too"];
        assert_eq!(drain(&mut consumer), expected);
        assert_eq!(place.names("ring.").len(), 2);
    }
}

#[test]
fn without_a_server_publishers_find_a_replaced_directory_by_themselves() {
    let place = Place::new();
    let mut producer = place.producer();
    let _ = push(&mut producer, b"lost with its directory");
    std::fs::remove_dir_all(place.path()).unwrap();
    until("the publisher has moved", || {
        let _ = push(&mut producer, b"x");
        place.path().exists()
    });
    drain(&mut place.consumer());
    let _ = push(&mut producer, b"found");
    assert_eq!(drain(&mut place.consumer()), [b"found"]);
}

#[test]
fn a_lost_or_shortened_spill_file_is_counted_and_the_next_message_arrives() {
    let place = Place::new();
    let mut consumer = place.consumer();
    let mut producer = place.producer();
    for shorten in [false, true] {
        assert_eq!(push(&mut producer, &vec![1; 500_000]), Push::Published);
        let _ = push(&mut producer, b"next");
        let name = place.names("spill.").concat();
        if shorten {
            open(&place, &name).set_len(1000).unwrap();
        } else {
            std::fs::remove_file(place.path().join(name)).unwrap();
        }
        assert_eq!(drain(&mut consumer), [b"next"]);
    }
    assert_eq!(consumer.counts().lost_spills, 2);
    assert!(place.names("spill.").is_empty());
}
