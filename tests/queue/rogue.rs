//! Things in a queue directory that Canyon did not put there: refused in words, once, and nobody waits for them.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use canyon::queue::{Consumer, ConsumerOptions, Producer, ProducerOptions};
use rustix::fs::{CWD, FileType, FlockOperation, Mode, flock, mknodat};

use crate::place::{Place, drain, push, until, write_private};

/// Ways to be in the way: what it is, and what the refusal says. The last few take root.
const ROGUES: &[(&str, &str)] = &[
    ("directory", "is not a regular file"),
    ("link", "is not a regular file"),
    ("link to nothing", "is not a regular file"),
    ("fifo", "is not a regular file"),
    ("socket", "is not a regular file"),
    ("hard link", "a hard link"),
    ("for everybody", "has mode 0666, which is wider than the configured 0600"),
    ("to be read by all", "has mode 0604"),
    ("for a group", "has mode 0660, so the group"),
    ("device", "is not a regular file"),
    ("somebody else's", "belongs to 54321"),
];

/// Puts one of them at `path`; false if we may not.
fn put(place: &Place, what: &str, path: &Path) -> bool {
    let file = |mode| {
        write_private(path, &vec![0; 4096 + 65536]);
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    };
    let target = place.beside("target");
    match what {
        "directory" => fs::create_dir(path).unwrap(),
        "link" | "hard link" => {
            write_private(&target, &vec![0; 4096 + 65536]);
            if what == "link" {
                std::os::unix::fs::symlink(&target, path).unwrap();
            } else {
                fs::hard_link(&target, path).unwrap();
            }
        }
        "link to nothing" => std::os::unix::fs::symlink("/nowhere/at/all", path).unwrap(),
        "fifo" => mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).unwrap(),
        "socket" => drop(std::os::unix::net::UnixListener::bind(path).unwrap()),
        "for everybody" => file(0o666),
        "to be read by all" => file(0o604),
        "for a group" => file(0o660),
        // What /dev/zero is: it could even be mapped.
        "device" => {
            let zero = rustix::fs::makedev(1, 5);
            return mknodat(CWD, path, FileType::CharacterDevice, Mode::RUSR | Mode::WUSR, zero).is_ok();
        }
        "somebody else's" => {
            file(0o600);
            if std::os::unix::fs::chown(path, Some(54_321), None).is_err() {
                fs::remove_file(path).unwrap();
                return false;
            }
        }
        _ => panic!("how to make {what}?"),
    }
    true
}

fn problems(consumer: &mut Consumer) -> Vec<String> {
    std::iter::from_fn(|| consumer.take_problem()).map(|problem| problem.to_string()).collect()
}

#[test]
fn in_a_rings_place_it_is_refused_once_in_words_and_left_as_it_is() {
    let place = Place::new();
    let mut consumer = place.consumer();
    let mut producer = place.producer();
    let mut expected = Vec::new();
    for (index, (what, words)) in ROGUES.iter().enumerate() {
        let name = format!("ring.rogue-{index:02}");
        if put(&place, what, &place.path().join(&name)) {
            expected.push((name, *words));
        }
        // One target for all of them would be a hard link to each.
        let _ = fs::rename(place.beside("target"), place.beside(&format!("target-{index}")));
    }
    let mut told = Vec::new();
    // Two looks around at least: the second one must say nothing again.
    let until_then = std::time::Instant::now() + Duration::from_millis(2500);
    while std::time::Instant::now() < until_then {
        let mut late = place.producer();
        let _ = push(&mut producer, b"safe");
        let _ = push(&mut late, b"safe");
        assert_eq!(drain(&mut consumer), [b"safe", b"safe"]);
        told.extend(problems(&mut consumer));
        consumer.wait(Duration::from_millis(100));
    }
    for (name, words) in &expected {
        let about: Vec<_> = told.iter().filter(|told| told.contains(name.as_str())).collect();
        assert_eq!(about.len(), 1, "{name}: {about:?}");
        assert!(about[0].contains(words), "{words:?} is not in {about:?}");
        assert!(fs::symlink_metadata(place.path().join(name)).is_ok(), "{name} was removed");
    }
    assert_eq!(consumer.counts().refused, expected.len() as u64);
    assert!(fs::read(place.beside("target-5")).unwrap().iter().all(|byte| *byte == 0), "the link's target");
}

#[test]
fn in_the_place_of_the_control_page_or_the_lock_it_is_refused_by_everybody_who_comes() {
    for name in ["control", "consumer.lock"] {
        for (what, words) in ROGUES {
            let place = Place::new();
            drop(place.producer());
            let path = place.path().join(name);
            let _ = fs::remove_file(&path);
            if !put(&place, what, &path) {
                continue;
            }
            let refused = Consumer::open(ConsumerOptions::new(place.path())).unwrap_err().to_string();
            assert!(refused.contains(words) && refused.contains(name), "{what} as {name}: {refused}");
            if name == "control" {
                let refused = Producer::attach(ProducerOptions::new(place.path())).unwrap_err().to_string();
                assert!(refused.contains(words) && refused.contains(name), "{what} as {name}: {refused}");
            } else {
                assert_eq!(place.producer().status().server, canyon::queue::Server::Absent);
            }
        }
    }
}

#[test]
fn in_the_place_of_a_spill_or_a_new_file_it_holds_nobody_up() {
    for (what, _) in ROGUES {
        let place = Place::new();
        let mut consumer = place.consumer();
        let mut producer = place.producer();
        put(&place, what, &place.path().join("new.rogue"));
        let _ = fs::remove_file(place.beside("target"));
        let _ = push(&mut producer, &vec![1; 500_000]);
        let _ = push(&mut producer, b"next");
        let spill = place.path().join(place.names("spill.").concat());
        fs::remove_file(&spill).unwrap();
        if !put(&place, what, &spill) {
            continue;
        }
        assert_eq!(drain(&mut consumer), [b"next"], "{what}");
        assert_eq!(consumer.counts().lost_spills, 1, "{what}");
    }
}

#[test]
fn a_server_at_work_outlives_whatever_takes_the_place_of_its_control_page() {
    for what in ["directory", "for everybody"] {
        let place = Place::new();
        let mut consumer = place.consumer();
        let mut producer = place.producer();
        fs::remove_file(place.path().join("control")).unwrap();
        assert!(put(&place, what, &place.path().join("control")));
        let mut told = Vec::new();
        let until_then = std::time::Instant::now() + Duration::from_millis(2500);
        while std::time::Instant::now() < until_then {
            let _ = push(&mut producer, b"safe");
            assert_eq!(drain(&mut consumer), [b"safe"], "{what}");
            consumer.wait(Duration::from_millis(100));
            told.extend(problems(&mut consumer));
        }
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("control"), "{told:?}");
        let path = place.path().join("control");
        fs::remove_file(&path).or_else(|_| fs::remove_dir(&path)).unwrap();
        until("everybody meets on a new page", || {
            consumer.wait(Duration::from_millis(10));
            let mut late = place.producer();
            let _ = push(&mut late, b"late");
            let _ = push(&mut producer, b"safe");
            let got = drain(&mut consumer);
            got.contains(&b"late".to_vec()) && got.contains(&b"safe".to_vec()) && consumer.counts().moved == 1
        });
    }
}

#[test]
fn a_lost_lock_is_taken_again_and_publishers_notice_nothing() {
    let place = Place::new();
    let mut consumer = place.consumer();
    let mut producer = place.producer();
    let _ = push(&mut producer, b"before");
    let rings = place.names("ring.");
    fs::remove_file(place.path().join("consumer.lock")).unwrap();
    until("there is a lock again", || {
        consumer.wait(Duration::from_millis(10));
        place.path().join("consumer.lock").exists()
    });
    let refused = Consumer::open(ConsumerOptions::new(place.path())).unwrap_err().to_string();
    assert!(refused.contains("another server"), "{refused}");
    let _ = push(&mut producer, b"after");
    assert_eq!(drain(&mut consumer), [b"before".as_slice(), b"after"]);
    assert_eq!((place.names("ring."), consumer.counts().moved), (rings, 0), "nobody had to go anywhere");
}

#[test]
fn files_that_somebody_locks_for_ever_are_drained_or_left_and_nobody_waits() {
    let place = Place::new();
    let mut consumer = place.consumer();
    let mut producer = place.producer();
    let mut held = Vec::new();
    for name in ["new.held", "spill.held.0"] {
        write_private(&place.path().join(name), b"x");
        held.push(File::open(place.path().join(name)).unwrap());
    }
    let mut gone = place.producer();
    let ring = place
        .names("ring.")
        .into_iter()
        .max_by_key(|name| fs::metadata(place.path().join(name)).unwrap().ino());
    let _ = push(&mut gone, b"left behind");
    // A lock belongs to an open file, so this one is shared with whoever holds it now, in vain, and stays after it.
    held.push(File::open(place.path().join(ring.unwrap())).unwrap());
    drop(gone);
    for file in &held {
        flock(file, FlockOperation::NonBlockingLockExclusive).unwrap();
    }
    for _ in 0..15 {
        let _ = push(&mut producer, b"safe");
        assert!(drain(&mut consumer).contains(&b"safe".to_vec()));
        consumer.wait(Duration::from_millis(100));
    }
    assert_eq!((consumer.rings(), place.names("new.").len()), (2, 1));
    drop(held);
    until("what was held is cleared away", || {
        consumer.wait(Duration::from_millis(10));
        drain(&mut consumer);
        consumer.rings() == 1 && place.names("new.").is_empty()
    });
}

#[test]
fn a_directory_full_of_junk_keeps_no_message_back() {
    const EACH: usize = 4000;
    let place = Place::new();
    let mut consumer = place.consumer();
    let mut producer = place.producer();
    // Known before the junk came: a ring that comes later is found when the look gets there.
    let _ = push(&mut producer, b"known");
    assert_eq!(drain(&mut consumer), [b"known"]);
    for index in 0..EACH {
        fs::create_dir(place.path().join(format!("ring.junk-{index}"))).unwrap();
        write_private(&place.path().join(format!("junk-{index}")), b"");
        write_private(&place.path().join(format!("spill.nobody-{index}.0")), b"");
        write_private(&place.path().join(format!("new.junk-{index}")), b"");
    }
    let mut late = place.producer();
    let mut pushed = 0usize;
    let mut passes_in_between = 0;
    until("all of it was looked at", || {
        let _ = push(&mut producer, b"safe");
        let _ = push(&mut late, b"late");
        pushed += 1;
        // One pass only: what is in a known ring never waits for a look through the directory.
        let mut got = Vec::new();
        consumer.drain(1000, &mut |record| {
            got.push(record.payload.to_vec());
            std::ops::ControlFlow::Continue(())
        });
        passes_in_between += usize::from(got.contains(&b"safe".to_vec()));
        consumer.counts().refused == EACH as u64
            && place.names("new.").is_empty()
            && place.names("spill.").is_empty()
    });
    drain(&mut consumer);
    assert_eq!(consumer.counts().delivered, 1 + 2 * pushed as u64);
    assert!(
        passes_in_between > 10,
        "the junk was looked at in {passes_in_between} portions, {pushed} pushed"
    );
    assert_eq!(place.names("junk-").len(), EACH, "what means nothing to us is left alone");
}

#[test]
fn modes_are_what_was_configured_whatever_the_umask_is() {
    let gid = rustix::process::getegid().as_raw();
    for (umask, group, directory, file) in
        [("077", Some(gid), 0o2770, 0o660), ("000", None, 0o700, 0o600), ("777", Some(gid), 0o2770, 0o660)]
    {
        let place = Place::new();
        let output = Command::new("sh")
            .args(["-c", &format!("umask {umask}; exec \"$@\""), "sh"])
            .arg(env!("CARGO_BIN_EXE_canyon-test-producer"))
            .arg(format!("queue={}", place.path().display()))
            .args(group.map(|gid| format!("group={gid}")))
            .args(["id=1", "count=2", "least=300000", "largest=300000"])
            .output()
            .unwrap();
        assert!(output.status.success(), "umask {umask}: {output:?}");
        let mode = |name: &str| fs::metadata(place.path().join(name)).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode("."), directory, "umask {umask}");
        let names = place.names("");
        assert_eq!(names.len(), 4, "{names:?}");
        for name in names {
            assert_eq!(mode(&name), file, "{name} with umask {umask}");
        }
    }
}
