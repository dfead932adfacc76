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

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(lost: u64, doubled: u64, reordered: u64) -> Faults {
        Faults { lost, doubled, reordered }
    }

    /// What a tally says of one client who gets these numbers of five that were published.
    fn heard(numbers: &[u64]) -> (u64, Faults) {
        let mut tally = Tally::new(1, 1);
        numbers.iter().for_each(|&number| tally.count(0, Stamp::by(0, number)));
        (tally.deliveries, tally.faults(5))
    }

    #[test]
    fn it_tells_lost_doubled_and_reordered_apart() {
        assert_eq!(heard(&[0, 1, 2, 3, 4]), (5, faults(0, 0, 0)));
        assert_eq!(heard(&[]), (0, faults(5, 0, 0)));
        assert_eq!(heard(&[0, 1, 2]), (3, faults(2, 0, 0)));
        assert_eq!(heard(&[2, 4]), (2, faults(3, 0, 0)));
        assert_eq!(heard(&[0, 1, 1, 2, 3, 4]), (5, faults(0, 1, 0)));
        assert_eq!(heard(&[0, 2, 1, 3, 4]), (5, faults(0, 0, 1)));
        assert_eq!(heard(&[3, 4, 1, 1, 0]), (4, faults(1, 1, 2)));
    }

    #[test]
    fn clients_and_publishers_are_counted_for_themselves() {
        let mut tally = Tally::new(2, 2);
        for (client, publisher) in [(0, 0), (0, 1), (1, 1), (1, 0)] {
            (0..3).for_each(|number| tally.count(client, Stamp::by(publisher, number)));
        }
        assert_eq!((tally.deliveries, tally.faults(3)), (12, faults(0, 0, 0)));
        tally.count(1, Stamp::by(1, 4));
        assert_eq!(tally.faults(5), faults(2 + 2 + 2 + 1, 0, 0));
    }

    #[test]
    fn a_stamp_is_found_in_a_frame_as_it_was_made() {
        let stamp = Stamp::by(7, 123);
        let frame = serde_json::json!({"event": "e", "channel": "c", "data": stamp.data(300)}).to_string();
        assert_eq!(stamp.data(300).len(), 300);
        let found = Stamp::find(frame.as_bytes());
        assert_eq!(found.map(|found| (found.publisher(), found.number())), Some((7, 123)));
        assert_eq!(found, Some(stamp));
        assert_eq!(Stamp::find(b"{\"event\":\"pusher:ping\"}"), None);
    }
}
