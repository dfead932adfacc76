//! One coarse timer for all connections of a worker: a bucket per second.

use crate::protocol::SocketId;

/// Seconds ahead that the wheel can hold; what is due later comes up early and is put in again.
const BUCKETS: usize = 64;

/// The first tick. A day and more lies before it, so that a client of another server can have a past here.
const BEGINNING: u32 = 2 * 86_400;

/// A connection to look at; the id tells whether the slot still holds the same one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) slot: usize,
    pub(super) socket_id: SocketId,
}

/// Each open connection has exactly one entry, so a tick costs what is due and nothing else.
#[derive(Debug)]
pub(super) struct Wheel {
    now: u32,
    buckets: Vec<Vec<Entry>>,
}

impl Wheel {
    pub(super) fn new() -> Self {
        Self { now: BEGINNING, buckets: vec![Vec::new(); BUCKETS] }
    }

    /// The present tick, a second each.
    pub(super) fn now(&self) -> u32 {
        self.now
    }

    pub(super) fn insert(&mut self, due: u32, entry: Entry) {
        let ahead = due.saturating_sub(self.now).clamp(1, BUCKETS as u32 - 1);
        self.buckets[(self.now + ahead) as usize % BUCKETS].push(entry);
    }

    /// Moves on by a second; the entries to look at.
    pub(super) fn tick(&mut self) -> Vec<Entry> {
        self.now += 1;
        std::mem::take(&mut self.buckets[self.now as usize % BUCKETS])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(slot: usize) -> Entry {
        Entry { slot, socket_id: SocketId::from_random(slot as u64) }
    }

    #[test]
    fn entries_come_up_when_due_or_early_if_far() {
        let mut wheel = Wheel::new();
        for (slot, due) in [(0, 0), (1, 1), (2, 2), (30, 30), (63, 1000)] {
            wheel.insert(BEGINNING + due, entry(slot));
        }
        let mut seen = Vec::new();
        for _ in 0..63 {
            let now = wheel.now() + 1 - BEGINNING;
            seen.extend(wheel.tick().into_iter().map(|entry| (now, entry.slot)));
        }
        assert_eq!(seen, [(1, 0), (1, 1), (2, 2), (30, 30), (63, 63)]);
    }
}
