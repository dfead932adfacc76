//! The samples of the last minutes, for charts.

use super::figures::Sample;
use std::collections::BTreeMap;

/// As many as a server keeps.
const MOST: usize = 600;

/// Between two samples, one a second, of which none is missing.
const LONGEST_STEP_MS: u64 = 1_500;

/// What is fetched more than seems to be missing.
const OVERLAP: u64 = 2;

/// Samples by their time.
#[derive(Debug, Default)]
pub(super) struct Past(BTreeMap<u64, Sample>);

/// A figure of a sample.
pub(super) type Figure = fn(&Sample) -> Option<f64>;

impl Past {
    /// Takes samples in, and lets the oldest go.
    pub(super) fn add(&mut self, samples: impl IntoIterator<Item = Sample>) {
        self.0.extend(samples.into_iter().map(|sample| (sample.time_ms, sample)));
        while self.0.len() > MOST {
            self.0.pop_first();
        }
    }

    /// How many seconds are missing before this sample.
    pub(super) fn missing(&self, sample: &Sample) -> Option<u64> {
        let most = MOST as u64;
        let Some((&last, _)) = self.0.last_key_value() else { return Some(most) };
        let gap = sample.time_ms.saturating_sub(last);
        (gap > LONGEST_STEP_MS).then(|| (gap / 1000 + OVERLAP).min(most))
    }

    /// The time of the newest, by the server's clock.
    pub(super) fn newest(&self) -> u64 {
        self.0.last_key_value().map_or(0, |(&time, _)| time)
    }

    /// How many seconds it reaches back.
    pub(super) fn seconds(&self) -> u64 {
        match (self.0.first_key_value(), self.0.last_key_value()) {
            (Some((first, _)), Some((last, _))) => (last - first) / 1000 + 1,
            _ => 0,
        }
    }

    /// All of a count.
    pub(super) fn total(&self, figure: impl Fn(&Sample) -> Option<f64>) -> f64 {
        self.0.values().filter_map(figure).sum()
    }

    /// The highest value in each of the last `columns` periods of `seconds`, newest first. A period begins at multiples of
    /// its length, so that columns stay what they are while they move on.
    pub(super) fn columns(
        &self,
        columns: usize,
        seconds: u64,
        figure: impl Fn(&Sample) -> Option<f64>,
    ) -> Vec<Option<f64>> {
        let mut highest = vec![None; columns];
        let newest = self.0.last_key_value().map_or(0, |(time, _)| time / 1000 / seconds);
        for (time, sample) in self.0.iter().rev() {
            let Some(column) =
                usize::try_from(newest - time / 1000 / seconds).ok().and_then(|i| highest.get_mut(i))
            else {
                break;
            };
            *column = [*column, figure(sample)].into_iter().flatten().reduce(f64::max);
        }
        highest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(time_ms: u64, deliveries: f64) -> Sample {
        Sample { time_ms, deliveries: Some(deliveries), ..Sample::default() }
    }

    fn past(times: impl IntoIterator<Item = u64>) -> Past {
        let mut past = Past::default();
        past.add(times.into_iter().map(|second| sample(second * 1000 + 7, second as f64)));
        past
    }

    #[test]
    fn it_knows_what_is_missing() {
        assert_eq!(past([]).missing(&sample(5_000_000, 0.0)), Some(600));
        let past = past([10, 11]);
        assert_eq!(past.missing(&sample(11_007, 0.0)), None);
        assert_eq!(past.missing(&sample(12_500, 0.0)), None);
        assert_eq!(past.missing(&sample(13_100, 0.0)), Some(4));
        assert_eq!(past.missing(&sample(9_000_000, 0.0)), Some(600));
    }

    #[test]
    fn what_comes_twice_counts_once_and_the_oldest_go() {
        let mut past = past(1..=600);
        past.add([sample(600_007, 7.0), sample(601_000, 8.0)]);
        assert_eq!(past.seconds(), 599);
        assert_eq!(past.total(|sample| sample.deliveries), f64::from((2..=599).sum::<u32>()) + 15.0);
    }

    #[test]
    fn columns_are_newest_first_and_know_gaps() {
        let past = past([20, 21, 22, 30, 31]);
        let columns = |count, seconds| past.columns(count, seconds, |sample| sample.deliveries);
        assert_eq!(columns(3, 1), [Some(31.0), Some(30.0), None]);
        assert_eq!(columns(4, 5), [Some(31.0), None, Some(22.0), None]);
        assert_eq!(columns(0, 5), []);
        assert_eq!(Past::default().columns(2, 5, |sample| sample.deliveries), [None, None]);
    }
}
