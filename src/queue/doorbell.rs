//! The doorbell: a word the consumer sleeps on and a producer rings.
//!
//! On Linux a shared futex: the kernel finds the sleeper by file and offset, so it works between containers that see the
//! same directory. Elsewhere the sleeper looks at the word every millisecond.

use std::time::Duration;

#[cfg(target_os = "linux")]
use super::atomics::futex;
use super::atomics::{AtomicU32, Ordering};

/// Wakes whoever sleeps on `bell`, or will in a moment having seen its value before now.
pub(crate) fn ring(bell: &AtomicU32) {
    bell.fetch_add(1, Ordering::SeqCst);
    wake(bell);
}

#[cfg(target_os = "linux")]
fn wake(bell: &AtomicU32) {
    // Not PRIVATE: sleeper and waker are different processes.
    let _ = futex::wake(bell, futex::Flags::empty(), u32::MAX >> 1);
}

#[cfg(not(target_os = "linux"))]
fn wake(_bell: &AtomicU32) {}

/// Sleeps for at most `timeout`, or until the bell is rung; returns at once if it no longer has the value `seen`.
///
/// May return early for no reason: the caller looks at the queue again anyway.
#[cfg(target_os = "linux")]
pub(crate) fn sleep(bell: &AtomicU32, seen: u32, timeout: Duration) {
    let timeout = futex::Timespec {
        tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(timeout.subsec_nanos()),
    };
    let _ = futex::wait(bell, futex::Flags::empty(), seen, Some(&timeout));
}

/// See above.
#[cfg(not(target_os = "linux"))]
pub(crate) fn sleep(bell: &AtomicU32, seen: u32, timeout: Duration) {
    let until = std::time::Instant::now() + timeout;
    while bell.load(Ordering::SeqCst) == seen {
        let left = until.saturating_duration_since(std::time::Instant::now());
        if left.is_zero() {
            return;
        }
        std::thread::sleep(left.min(Duration::from_millis(1)));
    }
}
