//! Durations counted in buckets, without a lock.

use super::Counter;
use std::time::Duration;

/// Upper ends of the buckets, in microseconds; the last bucket has none.
pub const BOUNDS: [u64; 19] = [
    10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000,
];

/// How many durations there were of each length.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [Counter; BOUNDS.len() + 1],
    nanoseconds: Counter,
}

impl Histogram {
    /// Counts a duration.
    pub fn observe(&self, duration: Duration) {
        let bucket = BOUNDS.partition_point(|bound| u128::from(*bound) * 1000 < duration.as_nanos());
        self.buckets[bucket].increment();
        self.nanoseconds.add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    }

    /// For each bound how many durations were not longer, and last how many there were in all.
    #[must_use]
    pub fn cumulative(&self) -> [u64; BOUNDS.len() + 1] {
        let mut total = 0;
        self.buckets.each_ref().map(|bucket| {
            total += bucket.get();
            total
        })
    }

    /// Everything as plain numbers: durations in each bucket, and last all nanoseconds together.
    pub fn counts(&self) -> impl Iterator<Item = u64> {
        self.counters().map(Counter::get)
    }

    /// Adds what another histogram has counted; numbers beyond those that there are count nowhere.
    pub fn add(&self, counts: &[u64]) {
        self.counters().zip(counts).for_each(|(counter, count)| counter.add(*count));
    }

    fn counters(&self) -> impl Iterator<Item = &Counter> {
        self.buckets.iter().chain([&self.nanoseconds])
    }

    /// All durations together.
    #[must_use]
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.nanoseconds.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_counts_in_the_first_bucket_that_holds_it() {
        let histogram = Histogram::default();
        for micros in [0, 10, 11, 10_000_000, 10_000_001] {
            histogram.observe(Duration::from_micros(micros));
        }
        histogram.observe(Duration::from_nanos(10_001));
        let cumulative = histogram.cumulative();
        assert_eq!(cumulative[..3], [2, 4, 4]);
        assert_eq!(cumulative[BOUNDS.len() - 1..], [5, 6]);
        assert_eq!(histogram.sum(), Duration::from_nanos(20_000_022_000 + 10_001));
    }

    #[test]
    fn another_goes_on_where_one_ended() {
        let (one, next) = (Histogram::default(), Histogram::default());
        one.observe(Duration::from_micros(20));
        one.observe(Duration::from_secs(60));
        next.observe(Duration::from_micros(30));
        next.add(&one.counts().collect::<Vec<_>>());
        one.observe(Duration::from_micros(30));
        assert_eq!((next.cumulative(), next.sum()), (one.cumulative(), one.sum()));
    }

    #[test]
    fn bounds_grow() {
        assert!(BOUNDS.is_sorted_by(|one, next| one < next));
    }
}
