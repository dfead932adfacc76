//! The futex: the kernel compares and goes to sleep under a lock that the waker takes too.
//!
//! Naps end by themselves. A longer sleep never times out here, so that a lost wake-up is a deadlock, which Loom reports.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{clock, process, world};
use crate::queue::atomics::AtomicU32;
use crate::sync::{Condvar, Mutex, thread};

/// From here on a timeout counts as none.
const LONG: Duration = Duration::from_millis(500);

/// How long a nap takes here: so long that the next wait is a sleep.
const NAP: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(crate) struct Sleepers {
    counts: Mutex<Counts>,
    wake: Condvar,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    rings: u32,
    sleeps: u32,
}

impl Sleepers {
    pub(crate) fn new() -> Self {
        Self { counts: Mutex::new(Counts::default()), wake: Condvar::new() }
    }
}

fn sleepers() -> Arc<Sleepers> {
    world::with(|world| Arc::clone(&world.sleepers))
}

/// How often somebody called futex_wake().
pub fn rings() -> u32 {
    sleepers().counts.lock().unwrap().rings
}

/// How often somebody really went to sleep.
pub fn sleeps() -> u32 {
    sleepers().counts.lock().unwrap().sleeps
}

pub(crate) struct Flags;

impl Flags {
    pub(crate) fn empty() -> Self {
        Self
    }
}

pub(crate) struct Timespec {
    pub(crate) tv_sec: i64,
    pub(crate) tv_nsec: i64,
}

/// Sleeps until the next wake-up, unless `bell` has another value by now. Any bell wakes: a sleeper must cope with that.
pub(crate) fn wait(bell: &AtomicU32, _: Flags, seen: u32, timeout: Option<&Timespec>) -> Result<(), ()> {
    process::step();
    let timeout = timeout.map_or(LONG, |time| {
        Duration::from_secs(time.tv_sec.unsigned_abs()) + Duration::from_nanos(time.tv_nsec.unsigned_abs())
    });
    if timeout < LONG {
        clock::pass(NAP);
        thread::yield_now();
        return Ok(());
    }
    let sleepers = sleepers();
    let mut counts = sleepers.counts.lock().unwrap();
    if bell.load(Ordering::Relaxed) == seen {
        counts.sleeps += 1;
        world::note(|| "goes to sleep".to_owned());
        drop(sleepers.wake.wait(counts).unwrap());
    }
    Ok(())
}

pub(crate) fn wake(_bell: &AtomicU32, _: Flags, _count: u32) -> Result<usize, ()> {
    process::step();
    let sleepers = sleepers();
    let mut counts = sleepers.counts.lock().unwrap();
    counts.rings += 1;
    world::note(|| "wakes whoever sleeps".to_owned());
    sleepers.wake.notify_all();
    Ok(1)
}
