//! How soon a generation that died is started again.

use std::time::{Duration, Instant};

/// A generation that lived for so long has not died at once.
const LONG: Duration = Duration::from_secs(30);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(30);

/// The first time at once; then, while they die young, after a pause that doubles.
#[derive(Debug, Default)]
pub(super) struct Pace {
    started: Option<Instant>,
    pause: Duration,
}

impl Pace {
    pub(super) fn note_start(&mut self, now: Instant) {
        self.started = Some(now);
    }

    /// The pause before the next start.
    pub(super) fn next(&mut self, now: Instant) -> Duration {
        let has_lived = self.started.is_some_and(|started| now.duration_since(started) >= LONG);
        let pause = if has_lived { Duration::ZERO } else { self.pause };
        self.pause = (pause * 2).clamp(Duration::from_secs(1), LONGEST);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_restart_comes_at_once_and_those_of_one_that_dies_young_ever_later() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        pace.note_start(now);
        let pauses: Vec<u64> = (0..8).map(|_| pace.next(now).as_secs()).collect();
        assert_eq!(pauses, [0, 1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(pace.next(now + LONG), Duration::ZERO);
        pace.note_start(now + LONG);
        assert_eq!(pace.next(now + LONG), Duration::from_secs(1));
    }
}
