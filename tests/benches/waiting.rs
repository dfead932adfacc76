//! The floors of waiting: waking a thread that sleeps on a futex, or on a FIFO, and sleeping for a moment again and again.

use rustix::fs::Timespec;
use rustix::thread::futex::{Flags, wait, wake};
use rustix::time::{ClockId, clock_gettime};
use std::io::{Read, Write, pipe};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const STOP: u32 = u32::MAX;

/// Wakes a sleeping thread `count` times, with a silence of `silence` before each; nanoseconds each took the waker.
///
/// A shared futex, as between processes: the kernel finds the sleeper on the same way.
pub(crate) fn futex_wakes(count: usize, silence: Duration) -> Vec<f64> {
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

/// The same with a FIFO, which is the other thing that unrelated processes could share: a byte for each wake.
pub(crate) fn fifo_wakes(count: usize, silence: Duration) -> std::io::Result<Vec<f64>> {
    let (mut reader, mut writer) = pipe()?;
    let sleeper = std::thread::spawn(move || {
        let mut byte = [0];
        while reader.read(&mut byte).is_ok_and(|count| count > 0) {}
    });
    let mut samples = Vec::with_capacity(count);
    for _ in 0..count {
        std::thread::sleep(silence);
        let start = Instant::now();
        writer.write_all(&[0])?;
        samples.push(start.elapsed().as_nanos() as f64);
    }
    drop(writer);
    let _ = sleeper.join();
    Ok(samples)
}

/// Sleeps `count` times for `nap`, and does nothing else: per cent of a core.
pub(crate) fn naps(nap: Duration, count: usize) -> std::io::Result<f64> {
    let bell = AtomicU32::new(0);
    let timeout = Timespec::try_from(nap).map_err(|_| std::io::ErrorKind::InvalidInput)?;
    let (started, busy) = (Instant::now(), processor_time());
    for _ in 0..count {
        let _ = wait(&bell, Flags::empty(), 0, Some(&timeout));
    }
    Ok(100.0 * (processor_time() - busy) / started.elapsed().as_secs_f64())
}

/// What this thread has used, in seconds.
fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
