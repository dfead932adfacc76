//! Files cut short, or punched full of holes, under those who have them mapped: nobody dies of it, and the others go on.

use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use canyon::queue::{Consumer, Producer, Push};

use crate::place::{Mount, Place, arguments, check_journal, drain, of, push, until};

fn open(place: &Place, name: &str) -> File {
    File::options().read(true).write(true).open(place.path().join(name)).unwrap()
}

/// A producer, and the name of its ring.
fn producer_with_ring(place: &Place) -> (Producer, String) {
    let before = place.names("ring.");
    let producer = place.small_producer();
    let ring = place.names("ring.").into_iter().find(|name| !before.contains(name)).unwrap();
    (producer, ring)
}

/// Everything the consumer complained about so far.
fn problems(consumer: &mut Consumer) -> Vec<String> {
    std::iter::from_fn(|| consumer.take_problem()).map(|problem| problem.to_string()).collect()
}

fn try_push(producer: &mut Producer, payload: &[u8]) -> Result<Push, String> {
    producer.push(payload.len(), |writer| writer.put(payload)).map_err(|error| error.to_string())
}

/// Nothing, part of the head, the head alone, the head and less than was read or written, all but the last page.
const LENGTHS: [u64; 6] = [0, 100, 4096, 4096 + 4096, 4096 + 32768, 65536];

#[test]
fn a_ring_cut_short_costs_its_own_events_and_nobody_else_anything() {
    for len in LENGTHS {
        for delivered in [0, 10] {
            let place = Place::new();
            let mut consumer = place.consumer();
            let (mut victim, ring) = producer_with_ring(&place);
            let mut other = place.producer();
            for _ in 0..delivered {
                let _ = push(&mut victim, &[7; 4000]);
            }
            assert_eq!(drain(&mut consumer).len(), delivered);
            for _ in 0..10 {
                let _ = push(&mut victim, &[7; 1000]);
            }
            let _ = push(&mut other, b"safe");
            open(&place, &ring).set_len(len).unwrap();
            let got = drain(&mut consumer);
            let what = format!("cut to {len} after {delivered}");
            assert!(got.contains(&b"safe".to_vec()), "{what}");
            assert!(got.iter().all(|got| *got == [7; 1000] || *got == b"safe"), "{what}: a torn message");

            // A cut behind what was ever used is not noticed before somebody comes there.
            let mut told = Vec::new();
            let mut refused = 0;
            until("the victim goes on with another ring", || {
                refused += usize::from(try_push(&mut victim, &[8; 1000]).is_err());
                let _ = push(&mut other, b"safe");
                let got = drain(&mut consumer);
                assert!(got.contains(&b"safe".to_vec()), "{what}");
                told.extend(problems(&mut consumer));
                !place.names("ring.").contains(&ring) && got.contains(&vec![8; 1000])
            });
            let about = told.iter().filter(|told| told.contains(&ring) && told.contains("cut short")).count();
            assert_eq!(about, 1, "{what}: {told:?}");
            // A second time if zeros were found first where the tail had been.
            assert!((1..=2).contains(&consumer.counts().damaged), "{what}: {:?}", consumer.counts());
            assert!(refused <= 1, "{what}: {refused} pushes refused");
        }
    }
}

#[test]
fn a_push_into_a_ring_that_is_cut_short_says_so_and_the_next_one_is_published() {
    for len in LENGTHS {
        let place = Place::new();
        let (mut producer, ring) = producer_with_ring(&place);
        open(&place, &ring).set_len(len).unwrap();
        let refused =
            (0..100).find_map(|nth| try_push(&mut producer, &[1; 1000]).err().map(|why| (nth, why)));
        let (nth, refused) = refused.unwrap_or_else(|| panic!("cut to {len}, nobody noticed"));
        // Said of the very push that went nowhere, where there is no data left at all.
        assert!(nth == 0 || len > 4096, "cut to {len}, {nth} pushes were lost without a word");
        assert!(refused.contains(&ring) && refused.contains("cut short"), "{refused}");
        assert_eq!(try_push(&mut producer, b"next"), Ok(Push::Published), "cut to {len}");
        assert_eq!(drain(&mut place.consumer()), [b"next"], "cut to {len}");
    }
}

#[test]
fn a_control_page_cut_short_is_replaced_and_everybody_finds_the_new_one() {
    for len in [0, 100] {
        let place = Place::new();
        let mut consumer = place.consumer();
        let mut producers = [place.producer(), place.producer()];
        let _ = push(&mut producers[0], b"before");
        open(&place, "control").set_len(len).unwrap();
        // Into its ring, which is as it was.
        let _ = push(&mut producers[1], b"at once");
        let mut got = drain(&mut consumer);
        until("the server has made a new page", || {
            consumer.wait(std::time::Duration::from_millis(10));
            got.extend(drain(&mut consumer));
            open(&place, "control").metadata().unwrap().len() == 4096
        });
        got.sort();
        assert_eq!(got, [b"at once".as_slice(), b"before"]);
        let told = problems(&mut consumer);
        assert!(told.len() == 1 && told[0].contains("control was cut short"), "{told:?}");
        assert_eq!(consumer.counts().damaged, 1);
        for round in 0..3u8 {
            for producer in &mut producers {
                assert_eq!(try_push(producer, &[round]), Ok(Push::Published));
            }
            assert_eq!(drain(&mut consumer), [[round], [round]]);
        }
        let mut late = place.producer();
        let _ = push(&mut late, b"late");
        assert_eq!(drain(&mut consumer), [b"late"]);
    }
}

#[test]
fn a_producer_leaves_a_control_page_that_was_cut_short_with_its_next_push() {
    let place = Place::new();
    let mut producer = place.producer();
    open(&place, "control").set_len(0).unwrap();
    assert_eq!(try_push(&mut producer, b"found"), Ok(Push::Published));
    assert_eq!(open(&place, "control").metadata().unwrap().len(), 4096);
    assert_eq!(drain(&mut place.consumer()), [b"found"]);
}

#[test]
fn a_ring_punched_full_of_holes_loses_what_was_there_and_goes_on() {
    use rustix::fs::{FallocateFlags, fallocate};
    let place = Place::new();
    let mut consumer = place.consumer();
    let (mut victim, ring) = producer_with_ring(&place);
    let mut other = place.producer();
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    for (at, len) in [(4096, 65536), (0, 4096), (0, 4096 + 65536)] {
        let _ = push(&mut victim, b"lost");
        let _ = push(&mut other, b"safe");
        fallocate(open(&place, &ring), flags, at, len).unwrap();
        assert_eq!(drain(&mut consumer), [b"safe"], "a hole at {at}");
        until("the victim is heard again", || {
            let _ = push(&mut victim, b"back");
            drain(&mut consumer).contains(&b"back".to_vec())
        });
    }
    assert!(consumer.counts().damaged > 0);
}

#[test]
fn holes_that_a_full_file_system_cannot_fill_again_kill_nobody() {
    use rustix::fs::{FallocateFlags, fallocate};
    let Some(mount) = Mount::new("2m") else {
        println!("not run: this process may not mount a file system");
        return;
    };
    let place = &mount.0;
    let consumer = place.spawn_consumer(&[]);
    let (mut victim, ring) = producer_with_ring(place);
    let mut honest = place.spawn_producer(&arguments(&[&"id=1", &"count=3000", &"mode=hold"]));
    let _ = push(&mut victim, &[1; 1000]);
    assert_eq!(honest.line(), "pushed");
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    fallocate(open(place, &ring), flags, 0, 4096 + 65536).unwrap();
    let filler = File::create(place.path().join("filler")).unwrap();
    let mut size = 4 << 20;
    while size >= 4096 {
        let at = filler.metadata().unwrap().len();
        if fallocate(&filler, FallocateFlags::empty(), at, size).is_err() {
            size /= 2;
        }
    }
    let refused = (0..10).find_map(|_| try_push(&mut victim, &[1; 1000]).err()).unwrap();
    assert!(refused.contains("cut short") || refused.contains("file system is full"), "{refused}");
    drop(filler);
    std::fs::remove_file(place.path().join("filler")).unwrap();
    assert_eq!(try_push(&mut victim, &[1; 1000]), Ok(Push::Published));
    drop(victim);
    honest.finish();
    consumer.finish();
    assert_eq!(of(&[1], &place.journal_with_torn()).len(), 3000);
}

#[test]
fn processes_whose_files_are_cut_short_again_and_again_all_live() {
    let place = Place::new();
    let consumer = place.spawn_consumer(&[]);
    let honest: Vec<_> = (1..=2)
        .map(|id| place.spawn_producer(&arguments(&[&format!("id={id}"), &"count=100000", &"mode=hold"])))
        .collect();
    let rings = place.names("ring.");
    let mut victims: Vec<_> = (11..=18)
        .map(|id| place.spawn_producer(&arguments(&[&format!("id={id}"), &"ring=65536", &"mode=victim"])))
        .collect();
    for victim in &mut victims {
        assert_eq!(victim.line(), "attached");
    }
    let honest_rings: Vec<_> = {
        until("the honest ones have begun", || place.delivered() > 100);
        rings
    };
    let mut cuts = 0;
    for round in 0..100 {
        for name in place.names("ring.") {
            let Ok(file) = File::options().write(true).open(place.path().join(&name)) else { continue };
            let is_victim = file.metadata().unwrap().len() == 4096 + 65536;
            if is_victim && !honest_rings.contains(&name) {
                file.set_len([0, 4096, 8192, 36864][round % 4]).unwrap();
                cuts += 1;
            }
        }
        if round % 20 == 19 {
            until("there is a control page to be cut", || {
                File::options()
                    .write(true)
                    .open(place.path().join("control"))
                    .is_ok_and(|file| file.set_len(0).is_ok())
            });
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(cuts > 20, "only {cuts} rings were there to be cut");
    until("there is a control page again", || {
        std::fs::metadata(place.path().join("control")).is_ok_and(|control| control.len() == 4096)
    });
    for victim in victims {
        assert!(victim.finish().contains("refused"));
    }
    honest.into_iter().for_each(|honest| drop(honest.finish()));
    let counts = consumer.finish();
    assert!(!counts.contains("damaged: 0,"), "{counts}");
    check_journal(&of(&[1, 2], &place.journal_with_torn()), &[(1, 100_000), (2, 100_000)], 0);
}

/// What becomes of a process that has a SIGBUS of its own, with a queue open.
fn fault(place: &Place, arguments: &[&str]) -> (Option<i32>, Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_canyon-test-fault"))
        .arg(place.path())
        .args(arguments)
        .output()
        .unwrap();
    (output.status.code(), output.status.signal(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_fault_that_is_not_ours_ends_as_it_would_have_without_us() {
    let place = Place::new();
    let bus = Some(7);
    for before in ["nothing", "default", "ignore"] {
        let (_, signal, said) = fault(&place, &[before, "fault"]);
        assert_eq!((signal, said.as_str()), (bus, "own ring survived\n"), "with {before} before");
    }
    for before in ["handler", "plain"] {
        let (code, _, said) = fault(&place, &[before, "fault"]);
        assert_eq!((code, said.as_str()), (Some(42), "own ring survived\n"), "with {before} before");
    }
}

#[test]
fn a_signal_that_somebody_sends_ends_as_it_would_have_without_us() {
    let place = Place::new();
    assert_eq!(fault(&place, &["default", "sent"]).1, Some(7));
    assert_eq!(fault(&place, &["ignore", "sent"]).0, Some(0));
    assert_eq!(fault(&place, &["handler", "sent"]).0, Some(42));
}
