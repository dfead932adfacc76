//! What the seed decides. Each decider has a stream of its own, so that none depends on when another one asked.

use std::ops::RangeInclusive;
use std::time::Duration;

/// SplitMix64.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The stream `name` of a seed; number `index` of its kind.
    pub(crate) fn new(seed: u64, name: &str, index: u64) -> Self {
        let mut random = Self(seed);
        for part in name.bytes().map(u64::from).chain([index]) {
            random.0 ^= part;
            random.0 = random.next();
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    }

    pub(crate) fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        range.start() + self.next() % (range.end() - range.start() + 1)
    }

    /// A place in a list of so many.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }

    pub(crate) fn millis(&mut self, range: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.within(range))
    }

    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.within(0..=99) < chance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_decides_the_same_and_streams_differ() {
        let draw = |name, index| {
            let mut random = Random::new(42, name, index);
            [0; 4].map(|_| random.within(0..=1_000_000))
        };
        assert_eq!(draw("lane", 1), draw("lane", 1));
        assert_ne!(draw("lane", 1), draw("lane", 2));
        assert_ne!(draw("lane", 1), draw("consumer", 1));
    }

    #[test]
    fn draws_stay_within_their_range_and_reach_its_ends() {
        let mut random = Random::new(7, "range", 0);
        let drawn: Vec<u64> = (0..200).map(|_| random.within(3..=5)).collect();
        assert!((3..=5).all(|number| drawn.contains(&number)) && drawn.iter().all(|n| (3..=5).contains(n)));
    }
}
