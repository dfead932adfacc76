//! The clock: it stands still unless a scenario or a nap moves it.

use std::ops::{Add, Sub};
use std::time::Duration;

use crate::kernel::world;

/// Lets time pass.
pub fn pass(time: Duration) {
    world::with(|world| world.now += time);
}

pub(crate) fn coarse_ms() -> u64 {
    world::with(|world| u64::try_from(world.now.as_millis()).unwrap())
}

pub(crate) fn unix_ms(ms: u64) -> u64 {
    ms
}

/// A moment of the model's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant(Duration);

impl Instant {
    pub(crate) fn now() -> Self {
        Self(world::with(|world| world.now))
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
