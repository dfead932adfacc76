//! The queue directory vanishes, or a name in it, as when systemd-logind removes a user's files.

use std::path::Path;
use std::time::Duration;

use canyon_model::{explore, move_directory, pass_time, remove_directory, remove_rings, spawn};

use crate::bench::{QUEUE, attach, drain, push, serve, settle};

/// The server notices and makes a new directory while a publisher is at work: nothing is lost, wherever it went.
#[test]
fn a_publisher_is_at_work() {
    explore("moved under a publisher", [vec![], vec![1], vec![1, 2]], || {
        let mut producer = attach();
        let mut consumer = serve();
        drain(&mut consumer);
        remove_directory(Path::new(QUEUE));
        pass_time(Duration::from_secs(2));
        let publisher = spawn(move || {
            push(&mut producer, 1);
            push(&mut producer, 2);
            producer
        });
        let first = drain(&mut consumer);
        let _producer = publisher.join();
        assert_eq!([first.clone(), settle(&mut consumer)].concat(), [1, 2]);
        assert_eq!(consumer.counts().moved, 1);
        first
    });
}

/// A publisher attaches while the directory is being removed and replaced. What is lost is what stood in a ring that was
/// removed before the server had ever opened it; nobody can have that.
#[test]
fn a_publisher_attaches() {
    attaches_during("moved under a new publisher", || {
        remove_directory(Path::new(QUEUE));
        pass_time(Duration::from_secs(2));
    });
}

/// A ring loses its name while its publisher attaches and the server looks, and the server stays. What was pushed then is
/// lost if the server had not opened the ring; but its publisher finds out, and what it pushes later is delivered.
#[test]
fn a_ring_loses_its_name() {
    attaches_during("a ring loses its name", || remove_rings(Path::new(QUEUE)));
}

/// A publisher attaches and pushes while something happens to its ring. What it pushes afterwards is delivered.
fn attaches_during(name: &str, trouble: fn()) {
    explore(name, [vec![], vec![1]], move || {
        let mut consumer = serve();
        drain(&mut consumer);
        let publisher = spawn(|| {
            let mut producer = attach();
            push(&mut producer, 1);
            producer
        });
        trouble();
        let first = drain(&mut consumer);
        let mut producer = publisher.join();
        let all = [first, settle(&mut consumer)].concat();
        push(&mut producer, 2);
        assert_eq!(settle(&mut consumer), [2], "its publisher never finds out where the server is");
        all
    });
}

/// The same where the old directory is only called otherwise: then nothing is lost, and nobody is refused.
#[test]
fn a_publisher_attaches_to_a_renamed_directory() {
    explore("renamed under a new publisher", [vec![], vec![1]], || {
        let mut consumer = serve();
        drain(&mut consumer);
        let publisher = spawn(|| {
            let mut producer = attach();
            push(&mut producer, 1);
            producer
        });
        move_directory(Path::new(QUEUE));
        pass_time(Duration::from_secs(2));
        let first = drain(&mut consumer);
        let _producer = publisher.join();
        assert_eq!([first.clone(), settle(&mut consumer)].concat(), [1]);
        first
    });
}
