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
        self.note_at(Instant::now())
    }

    fn note_at(&mut self, now: Instant) -> Option<u64> {
        self.held_back += 1;
        if self.written.is_some_and(|written| now.duration_since(written) < QUIET) {
            return None;
        }
        self.written = Some(now);
        Some(std::mem::take(&mut self.held_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_others_together_a_minute_later() {
        let (mut sparing, start) = (Sparing::default(), Instant::now());
        assert_eq!(sparing.note_at(start), Some(1));
        for second in 1..60 {
            assert_eq!(sparing.note_at(start + Duration::from_secs(second)), None);
        }
        assert_eq!(sparing.note_at(start + Duration::from_secs(60)), Some(60));
        assert_eq!(sparing.note_at(start + Duration::from_secs(61)), None);
    }
}
