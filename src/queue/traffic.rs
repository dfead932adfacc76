//! Whether the next record is worth waiting for awake.

use std::time::Duration;

use super::clock::Instant;

/// How long the next record is awaited in naps. Twice the pause between the events of a busy site.
const NAP_FOR: Duration = Duration::from_millis(10);

/// A pause of this length or longer says only that there was silence: a busy site is recognised again after ten records.
const SILENCE: Duration = Duration::from_millis(100);

/// When records come.
///
/// Napping pays off only if the next record comes before the naps end, because else somebody has to ring all the same. With
/// an event every 50 ms, each to a thousand clients, naps that were all in vain took a tenth of all that the server spent.
#[derive(Debug)]
pub(crate) struct Traffic {
    last: Instant,
    /// The mean pause between records; what is long ago counts little.
    pause: Duration,
}

impl Traffic {
    /// As if there had been much just now: a consumer that begins does not know.
    pub(crate) fn begin() -> Self {
        Self { last: Instant::now(), pause: Duration::ZERO }
    }

    /// Records have come.
    pub(crate) fn note(&mut self, now: Instant) {
        let pause = now.duration_since(self.last).min(SILENCE);
        self.pause = (self.pause * 3 + pause) / 4;
        self.last = now;
    }

    /// Whether there will be one before long.
    pub(crate) fn is_expected(&self, now: Instant) -> bool {
        self.pause < NAP_FOR && self.silence(now) < NAP_FOR
    }

    /// The time since records came.
    pub(crate) fn silence(&self, now: Instant) -> Duration {
        now.duration_since(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets a record come after each of the pauses, and tells whether the next was expected after each.
    fn expected(traffic: &mut Traffic, pauses_ms: impl IntoIterator<Item = u64>) -> Vec<bool> {
        let after = |pause_ms| {
            let now = traffic.last + Duration::from_millis(pause_ms);
            traffic.note(now);
            traffic.is_expected(now)
        };
        pauses_ms.into_iter().map(after).collect()
    }

    #[test]
    fn a_busy_site_is_expected_to_go_on_for_a_while() {
        let mut traffic = Traffic::begin();
        assert_eq!(expected(&mut traffic, [5; 50]), [true; 50]);
        let after = |ms| traffic.last + Duration::from_millis(ms);
        assert!(traffic.is_expected(after(9)));
        assert!(!traffic.is_expected(after(10)));
    }

    #[test]
    fn nobody_waits_for_what_comes_every_50_ms() {
        let mut traffic = Traffic::begin();
        let told = expected(&mut traffic, [50; 20]);
        assert_eq!(told.iter().filter(|is_expected| **is_expected).count(), 0);
    }

    #[test]
    fn three_at_once_now_and_then_are_no_traffic() {
        let mut traffic = Traffic::begin();
        let told = expected(&mut traffic, [100, 0, 0, 100, 0, 0, 100, 0, 0]);
        assert_eq!(told[3..], [false; 6]);
    }

    #[test]
    fn after_any_silence_ten_records_are_enough() {
        for silence_ms in [100, 10_000, 86_400_000] {
            let mut traffic = Traffic::begin();
            let told = expected(&mut traffic, [silence_ms].into_iter().chain([5; 20]));
            let first = told.iter().position(|is_expected| *is_expected);
            assert!(first.is_some_and(|first| (2..=10).contains(&first)), "{first:?}");
            assert!(told[first.unwrap_or(0)..].iter().all(|is_expected| *is_expected));
        }
    }
}
