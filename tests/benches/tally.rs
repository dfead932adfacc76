//! Whether every client gets every event once and in order.
//!
//! Events of one publisher are numbered from nought. Where several publish at the same time there is no order between
//! them, so that each is counted for itself.

use crate::stamp::Stamp;
use std::ops::Range;

/// See the module. Costs a comparison per delivery as long as nothing is wrong.
#[derive(Debug)]
pub(crate) struct Tally {
    publishers: usize,
    expected: Vec<Expected>,
    pub(crate) deliveries: u64,
    doubled: u64,
    reordered: u64,
}

/// What one client has yet to get of one publisher.
#[derive(Debug, Clone, Default)]
struct Expected {
    next: u64,
    /// Numbers that were passed over.
    missing: Vec<Range<u64>>,
}

/// What went wrong, in deliveries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) reordered: u64,
}

impl Tally {
    pub(crate) fn new(clients: usize, publishers: usize) -> Self {
        let expected = vec![Expected::default(); clients * publishers];
        Self { publishers, expected, deliveries: 0, doubled: 0, reordered: 0 }
    }

    pub(crate) fn count(&mut self, client: usize, stamp: Stamp) {
        let expected = &mut self.expected[client * self.publishers + stamp.publisher()];
        let number = stamp.number();
        if number == expected.next {
            expected.next += 1;
        } else if number > expected.next {
            expected.missing.push(expected.next..number);
            expected.next = number + 1;
        } else if expected.find(number) {
            self.reordered += 1;
        } else {
            self.doubled += 1;
            return;
        }
        self.deliveries += 1;
    }

    /// What went wrong, after every publisher has published `events`.
    pub(crate) fn faults(&self, events: u64) -> Faults {
        let lost = |expected: &Expected| {
            let passed_over: u64 = expected.missing.iter().map(|range| range.end - range.start).sum();
            passed_over + events.saturating_sub(expected.next)
        };
        Faults {
            lost: self.expected.iter().map(lost).sum(),
            doubled: self.doubled,
            reordered: self.reordered,
        }
    }
}

impl Expected {
    /// Whether `number` was missing; it is not any more.
    fn find(&mut self, number: u64) -> bool {
        let Some(place) = self.missing.iter().position(|range| range.contains(&number)) else { return false };
        let Range { start, end } = self.missing.swap_remove(place);
        self.missing.extend([start..number, number + 1..end].into_iter().filter(|range| !range.is_empty()));
        true
    }
}

impl Faults {
    pub(crate) fn add(&mut self, other: Self) {
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.reordered += other.reordered;
    }

    pub(crate) fn sum(self) -> u64 {
        self.lost + self.doubled + self.reordered
    }
}
