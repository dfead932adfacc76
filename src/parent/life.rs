//! Whether a generation gets on, as its parent knows it.
//!
//! A generation says once a second that all its threads do. One that is silent is not dead at once: the machine may be slow. So
//! there are two times: after the first the supervisor's watchdog gets no more signs of life, after the second the parent does
//! what the supervisor would do, sooner and for less: it kills the generation, and starts another one. Time counts only while
//! the parent itself gets on: after a standstill of the whole machine the generation gets its chance to speak.

use std::time::Duration;

/// How often the parent looks.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// Silence after which a generation does not count as one that answers. A hand-over takes less.
const ANSWER_TIME: Duration = Duration::from_secs(6);

/// Silence after which it is killed, where no supervisor has a watchdog.
const PATIENCE: Duration = Duration::from_secs(60);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Life {
    /// Looks since it was last heard, or started.
    silent: u32,
    /// Whether it says that it is alive at all: the first ones did not.
    has_pulse: bool,
    pub(super) connections: Option<usize>,
    pub(super) version: String,
    pub(super) drain_seconds: u32,
}

impl Life {
    /// Of one that was just started.
    pub(super) fn begun() -> Self {
        Self::default()
    }

    /// Notes that it serves.
    pub(super) fn serves(&mut self, version: String, drain_seconds: u32, has_pulse: bool) {
        *self = Self { silent: 0, has_pulse, connections: None, version, drain_seconds };
    }

    /// Notes that it is alive.
    pub(super) fn note(&mut self, connections: usize) {
        self.silent = 0;
        self.connections = Some(connections);
    }

    /// Notes that time has gone by. How long it has been silent.
    pub(super) fn look(&mut self) -> Duration {
        self.silent = self.silent.saturating_add(1);
        self.silence()
    }

    /// Whether it serves those who come, as far as is known.
    pub(super) fn answers(&self) -> bool {
        !self.has_pulse || self.silence() < ANSWER_TIME
    }

    /// Whether it is to be killed.
    pub(super) fn is_hopeless(&self, watchdog: Option<Duration>) -> bool {
        self.has_pulse && self.silence() >= patience(watchdog)
    }

    pub(super) fn silence(&self) -> Duration {
        LOOK * self.silent
    }
}

/// Half of the time of the watchdog, so that the next generation has the other half.
fn patience(watchdog: Option<Duration>) -> Duration {
    watchdog.map_or(PATIENCE, |watchdog| (watchdog / 2).max(ANSWER_TIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many looks it takes until it does not answer, and until it is given up.
    fn looks(has_pulse: bool, watchdog: Option<Duration>) -> (Option<u32>, Option<u32>) {
        let mut life = Life::begun();
        life.serves(String::new(), 0, has_pulse);
        let (mut silent, mut hopeless) = (None, None);
        for look in 1..=100 {
            life.look();
            silent = silent.or((!life.answers()).then_some(look));
            hopeless = hopeless.or(life.is_hopeless(watchdog).then_some(look));
        }
        (silent, hopeless)
    }

    #[test]
    fn the_watchdog_hears_of_silence_first_and_has_time_left_when_the_parent_acts() {
        assert_eq!(looks(true, Some(Duration::from_secs(30))), (Some(6), Some(15)));
        assert_eq!(looks(true, Some(Duration::from_secs(2))), (Some(6), Some(6)));
        assert_eq!(looks(true, None), (Some(6), Some(60)));
        assert_eq!(looks(false, None), (None, None));
    }

    #[test]
    fn one_that_speaks_again_is_as_good_as_before() {
        let mut life = Life::begun();
        life.serves("1.0.0".to_owned(), 0, true);
        (0..10).for_each(|_| _ = life.look());
        assert!(!life.answers());
        life.note(7);
        assert!(life.answers() && life.connections == Some(7));
    }
}
