//! How much the queue directory holds while publishers come and go.

use crate::place::Contents;
use std::time::{Duration, Instant};

/// The most that was seen at once.
#[derive(Debug)]
pub(crate) struct Census {
    next_at: Instant,
    pub(crate) rings: usize,
    pub(crate) spills: usize,
    pub(crate) bytes: u64,
    pub(crate) publishers: usize,
    /// Rings above the number of publishers.
    pub(crate) surplus: usize,
}

const EVERY: Duration = Duration::from_millis(20);

impl Census {
    pub(crate) fn new(now: Instant) -> Self {
        Self { next_at: now, rings: 0, spills: 0, bytes: 0, publishers: 0, surplus: 0 }
    }

    pub(crate) fn is_due(&mut self, now: Instant) -> bool {
        let is_due = now >= self.next_at;
        if is_due {
            self.next_at = now + EVERY;
        }
        is_due
    }

    pub(crate) fn take(&mut self, contents: Contents, publishers: usize) {
        let Contents { rings, spills, bytes } = contents;
        self.rings = self.rings.max(rings);
        self.spills = self.spills.max(spills);
        self.bytes = self.bytes.max(bytes);
        self.publishers = self.publishers.max(publishers);
        self.surplus = self.surplus.max(rings.saturating_sub(publishers));
    }
}
