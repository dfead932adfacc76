//! Which of many things are looked at closely.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// At most so often.
const EVERY: Duration = Duration::from_millis(50);

/// Picks something now and then.
#[derive(Debug)]
pub struct Sampler {
    beginning: Instant,
    /// Milliseconds after the beginning from which on the next is picked.
    next: AtomicU64,
}

impl Default for Sampler {
    fn default() -> Self {
        Self { beginning: Instant::now(), next: AtomicU64::new(0) }
    }
}

impl Sampler {
    /// Now, if this one is to be looked at.
    pub fn pick(&self) -> Option<Instant> {
        let now = Instant::now();
        self.picks(now).then_some(now)
    }

    fn picks(&self, now: Instant) -> bool {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let elapsed = ms(now.saturating_duration_since(self.beginning));
        let next = self.next.load(Ordering::Relaxed);
        // Of several threads that come at once one wins.
        elapsed >= next
            && self
                .next
                .compare_exchange(next, elapsed + ms(EVERY), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_picked_and_then_one_after_each_pause() {
        let sampler = Sampler::default();
        let at = |ms| sampler.beginning + Duration::from_millis(ms);
        let picked: Vec<u64> = (0..200).filter(|ms| sampler.picks(at(*ms))).collect();
        assert_eq!(picked, [0, 50, 100, 150]);
        assert!(sampler.picks(at(10_000)));
        assert!(!sampler.picks(at(10_001)), "what was not picked for long is not made up for");
    }
}
