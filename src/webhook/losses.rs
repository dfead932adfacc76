//! Events that were lost, told in few messages.

use std::time::Duration;
use tokio::time::Instant;

/// How often, at most, losses of one kind are told.
pub(super) const EVERY: Duration = Duration::from_secs(60);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Losses {
    /// Events of which no message told yet.
    untold: u64,
    told: Option<Instant>,
}

impl Losses {
    /// Adds events. How many a message should tell of now, if one is due.
    pub(super) fn add(&mut self, events: u64, now: Instant) -> Option<u64> {
        self.untold += events;
        if self.told.is_some_and(|told| now.saturating_duration_since(told) < EVERY) {
            return None;
        }
        let due = self.rest()?;
        self.told = Some(now);
        Some(due)
    }

    /// What a last message should tell of.
    pub(super) fn rest(&mut self) -> Option<u64> {
        Some(std::mem::take(&mut self.untold)).filter(|&events| events > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_told_at_once_and_then_once_a_minute() {
        let (mut losses, now) = (Losses::default(), Instant::now());
        assert_eq!(losses.add(0, now), None, "nothing to tell");
        assert_eq!(losses.add(3, now), Some(3), "the first at once");
        assert_eq!(losses.add(4, now + EVERY / 2), None);
        assert_eq!(losses.add(5, now + EVERY / 2), None);
        assert_eq!(losses.add(1, now + EVERY), Some(10), "with what was kept for it");
        assert_eq!(losses.add(2, now + EVERY), None);
        assert_eq!((losses.rest(), losses.rest()), (Some(2), None));
    }
}
