//! When to write a line of the log that may be due a thousand times a second.
//!
//! A leaf that everybody may use.

use std::time::{Duration, Instant};

/// What must have passed since a line before it is written again.
const QUIET: Duration = Duration::from_secs(60);

/// For one kind of line: it is written at once, and then once a minute at most.
#[derive(Debug, Default)]
pub(crate) struct Sparing {
    written: Option<Instant>,
    held_back: u64,
}

impl Sparing {
    /// Notes that there is something to tell. If now is the time to, says how often there was since the last time.
    pub(crate) fn note(&mut self) -> Option<u64> {
        self.add(1)
    }

    /// The same for something that happened so many times, or not at all.
    pub(crate) fn add(&mut self, times: u64) -> Option<u64> {
        self.add_at(times, Instant::now())
    }

    /// What is to be told at the end.
    pub(crate) fn rest(&mut self) -> Option<u64> {
        Some(std::mem::take(&mut self.held_back)).filter(|&times| times > 0)
    }

    fn add_at(&mut self, times: u64, now: Instant) -> Option<u64> {
        self.held_back += times;
        if self.written.is_some_and(|written| now.duration_since(written) < QUIET) {
            return None;
        }
        let due = self.rest()?;
        self.written = Some(now);
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_others_together_a_minute_later() {
        let (mut sparing, start) = (Sparing::default(), Instant::now());
        assert_eq!(sparing.add_at(1, start), Some(1));
        for second in 1..60 {
            assert_eq!(sparing.add_at(1, start + Duration::from_secs(second)), None);
        }
        assert_eq!(sparing.add_at(1, start + Duration::from_secs(60)), Some(60));
        assert_eq!(sparing.add_at(1, start + Duration::from_secs(61)), None);
    }

    #[test]
    fn several_at_a_time_are_added_up_and_the_rest_is_told_at_the_end() {
        let (mut sparing, start) = (Sparing::default(), Instant::now());
        assert_eq!(sparing.add_at(0, start), None, "nothing to tell");
        assert_eq!(sparing.add_at(3, start), Some(3));
        assert_eq!(sparing.add_at(4, start + QUIET / 2), None);
        assert_eq!(sparing.add_at(0, start + QUIET), Some(4));
        assert_eq!(sparing.add_at(2, start + QUIET), None);
        assert_eq!((sparing.rest(), sparing.rest()), (Some(2), None));
    }
}
