//! The one clock of the queue: milliseconds of the monotonic clock, which all processes of a host share.
//!
//! Not the wall clock: a step of the wall clock would make every waiting event look too old, and the server look dead.

pub(crate) use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

#[cfg(target_os = "linux")]
const COARSE: ClockId = ClockId::MonotonicCoarse;
#[cfg(not(target_os = "linux"))]
const COARSE: ClockId = ClockId::Monotonic;

/// Now, to a few milliseconds; read without a system call.
pub(crate) fn coarse_ms() -> u64 {
    let now = clock_gettime(COARSE);
    u64::try_from(now.tv_sec).unwrap_or(0) * 1000 + u64::try_from(now.tv_nsec).unwrap_or(0) / 1_000_000
}

/// The wall-clock time, in milliseconds since 1970, of a moment this clock called `ms`.
pub(crate) fn unix_ms(ms: u64) -> u64 {
    let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let wall = u64::try_from(wall.as_millis()).unwrap_or(u64::MAX);
    wall.saturating_sub(coarse_ms().saturating_sub(ms))
}
