//! How much a client sends, in frames and in bytes, and whether that is too much.
//!
//! Two leaky buckets in eight bytes: each leaks its limit a second, in whole seconds of the worker's clock, and holds
//! [`BURST_SECONDS`] times that. When it was looked at last is when the client was last heard.

use crate::config::BURST_SECONDS;
use crate::metrics::Limit;

/// What is in the buckets.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    frames: u32,
    bytes: u32,
}

/// What may come in a second; 0 is no limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IntakeLimits {
    pub(crate) frames: u32,
    pub(crate) bytes: u32,
}

impl Intake {
    /// Counts what came, `seconds` after what came before it; the limit that it is over.
    pub(crate) fn add(
        &mut self,
        seconds: u32,
        frames: usize,
        bytes: usize,
        limits: IntakeLimits,
    ) -> Option<Limit> {
        if pour(&mut self.frames, seconds, frames, limits.frames) {
            return Some(Limit::MaxFramesPerSecond);
        }
        pour(&mut self.bytes, seconds, bytes, limits.bytes).then_some(Limit::MaxBytesPerSecond)
    }
}

/// Whether the bucket runs over.
fn pour(bucket: &mut u32, seconds: u32, amount: usize, per_second: u32) -> bool {
    let left = bucket.saturating_sub(per_second.saturating_mul(seconds));
    *bucket = left.saturating_add(u32::try_from(amount).unwrap_or(u32::MAX));
    per_second > 0 && *bucket > per_second.saturating_mul(BURST_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: IntakeLimits = IntakeLimits { frames: 5, bytes: 100 };

    #[test]
    fn much_may_come_at_once_and_then_as_much_as_leaks() {
        let mut intake = Intake::default();
        for _ in 0..50 {
            assert_eq!(intake.add(0, 1, 20, LIMITS), None);
        }
        assert_eq!(intake.add(3, 15, 300, LIMITS), None);
        assert_eq!(intake.add(0, 1, 0, LIMITS), Some(Limit::MaxFramesPerSecond));
        let mut intake = Intake::default();
        assert_eq!(intake.add(0, 0, 1000, LIMITS), None);
        assert_eq!(intake.add(0, 0, 1, LIMITS), Some(Limit::MaxBytesPerSecond));
        let mut intake = Intake::default();
        for _ in 0..1000 {
            assert_eq!(intake.add(1, 5, 100, LIMITS), None, "for ever");
        }
        assert_eq!(intake.add(u32::MAX, 50, 1000, LIMITS), None);
    }

    #[test]
    fn nothing_is_no_limit() {
        let mut intake = Intake::default();
        for _ in 0..3 {
            assert_eq!(intake.add(0, usize::MAX, usize::MAX, IntakeLimits { frames: 0, bytes: 0 }), None);
        }
    }
}
