//! The clock: it stands still unless a scenario or a nap moves it.

use std::ops::{Add, Sub};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

// Not in the world: looking at the clock must not order anything.
#[cfg(feature = "loom")]
thread_local! {
    static NOW_MS: AtomicU64 = const { AtomicU64::new(0) };
}
#[cfg(not(feature = "loom"))]
static NOW_MS: AtomicU64 = AtomicU64::new(0);

#[cfg(feature = "loom")]
fn now_ms<R>(work: impl FnOnce(&AtomicU64) -> R) -> R {
    NOW_MS.with(work)
}
#[cfg(not(feature = "loom"))]
fn now_ms<R>(work: impl FnOnce(&AtomicU64) -> R) -> R {
    work(&NOW_MS)
}

pub(crate) fn reset() {
    now_ms(|now| now.store(1_000_000, Ordering::Relaxed));
}

/// Lets time pass.
pub fn pass(time: Duration) {
    let ms = u64::try_from(time.as_millis()).unwrap();
    now_ms(|now| now.fetch_add(ms, Ordering::Relaxed));
}

pub(crate) fn coarse_ms() -> u64 {
    now_ms(|now| now.load(Ordering::Relaxed))
}

pub(crate) fn unix_ms(ms: u64) -> u64 {
    ms
}

/// A moment of the model's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant(Duration);

impl Instant {
    pub(crate) fn now() -> Self {
        Self(Duration::from_millis(coarse_ms()))
    }

    pub(crate) fn elapsed(&self) -> Duration {
        Self::now() - *self
    }

    pub(crate) fn duration_since(&self, earlier: Self) -> Duration {
        *self - earlier
    }

    pub(crate) fn saturating_duration_since(&self, earlier: Self) -> Duration {
        *self - earlier
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self(self.0 + time)
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}
