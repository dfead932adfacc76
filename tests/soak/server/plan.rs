//! What happens when, as shares of the whole time.

use crate::random::Random;
use std::time::Duration;

/// Nothing else is done to a server so soon after a crash: delivery is still held back.
const AFTER_CRASH: Duration = Duration::from_secs(12);

/// A crash so soon after a reload would be another test.
const BEFORE_CRASH: Duration = Duration::from_secs(4);

/// What the server has to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blow {
    Reload,
    Crash,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) whole: Duration,
    /// In order of time.
    pub(crate) blows: Vec<(Duration, Blow)>,
}

impl Plan {
    pub(crate) fn new(whole: Duration, seed: u64) -> Self {
        let mut random = Random::new(seed, "plan", 0);
        let crashes: &[f64] = if whole >= Duration::from_secs(300) { &[0.35, 0.55] } else { &[0.35] };
        let mut blows: Vec<_> = crashes.iter().map(|share| (whole.mul_f64(*share), Blow::Crash)).collect();
        let gap = (whole / 15).clamp(Duration::from_secs(5), Duration::from_secs(60));
        let mut at = gap;
        while at < whole.mul_f64(0.75) {
            let is_near =
                |(crash, _): &&(Duration, Blow)| at + BEFORE_CRASH > *crash && at < *crash + AFTER_CRASH;
            match blows[..crashes.len()].iter().find(is_near) {
                Some((crash, _)) => at = *crash + AFTER_CRASH,
                None => {
                    blows.push((at, Blow::Reload));
                    at += gap + Duration::from_millis(random.within(0..=gap.as_millis() as u64));
                }
            }
        }
        blows.sort_by_key(|(at, _)| *at);
        Self { whole, blows }
    }

    /// After everybody has come, and before the first crash.
    pub(crate) fn warm(&self) -> (Duration, Duration) {
        (self.whole.mul_f64(0.2), self.whole.mul_f64(0.33))
    }

    /// The end, under the same load.
    pub(crate) fn late(&self) -> (Duration, Duration) {
        (self.whole.mul_f64(0.87), self.whole)
    }

    /// The time at the end in which one generation serves.
    pub(crate) fn still(&self) -> (Duration, Duration) {
        (self.whole.mul_f64(0.8), self.whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_trouble_of_both_kinds_apart_from_each_other_and_rest_at_the_end() {
        for minutes in [1, 3, 12, 30, 600] {
            for seed in 0..20 {
                let plan = Plan::new(Duration::from_secs(60 * minutes), seed);
                let of = |blow| plan.blows.iter().filter(move |(_, one)| *one == blow).map(|(at, _)| *at);
                assert!(of(Blow::Crash).count() >= 1 && of(Blow::Reload).count() >= 2, "{plan:?}");
                for crash in of(Blow::Crash) {
                    assert!(
                        of(Blow::Reload).all(|at| at + BEFORE_CRASH <= crash || at >= crash + AFTER_CRASH)
                    );
                    assert!(crash > plan.warm().1);
                }
                assert!(plan.blows.iter().all(|(at, _)| *at < plan.still().0), "{plan:?}");
            }
        }
    }
}
