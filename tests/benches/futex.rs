//! The floor of a publish that has to wake the server: waking a thread that sleeps on a futex.

use rustix::thread::futex::{Flags, wait, wake};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const STOP: u32 = u32::MAX;

/// Wakes a sleeping thread `count` times, with a silence of `silence` before each; nanoseconds each took the waker.
///
/// A shared futex, as between processes: the kernel finds the sleeper on the same way.
pub(crate) fn wakes(count: usize, silence: Duration) -> Vec<f64> {
    let bell = Arc::new(AtomicU32::new(0));
    let sleeper = {
        let bell = Arc::clone(&bell);
        std::thread::spawn(move || {
            let mut seen = bell.load(Ordering::SeqCst);
            while seen != STOP {
                // Returns early for no reason now and then: the word says whether it was the bell.
                let _ = wait(&bell, Flags::empty(), seen, None);
                seen = bell.load(Ordering::SeqCst);
            }
        })
    };
    let mut samples = Vec::with_capacity(count);
    for _ in 0..count {
        std::thread::sleep(silence);
        let start = Instant::now();
        bell.fetch_add(1, Ordering::SeqCst);
        let _ = wake(&bell, Flags::empty(), 1);
        samples.push(start.elapsed().as_nanos() as f64);
    }
    bell.store(STOP, Ordering::SeqCst);
    let _ = wake(&bell, Flags::empty(), 1);
    let _ = sleeper.join();
    samples
}
