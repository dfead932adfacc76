//! What waits in all rings of a queue directory, for whoever asks.

use super::atomics::Ordering;
use super::directory::{Directory, RING};
use super::reader::{Cursor, Look};
use super::ring::Ring;
use super::{Access, Error, clock};
use std::path::Path;

/// Records that nobody has read yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many there are.
    pub records: usize,
    /// Bytes that they take in their rings.
    pub bytes: u64,
    /// How long the oldest of them has waited, in milliseconds.
    pub oldest_ms: Option<u64>,
}

impl Backlog {
    /// Looks into the queue directory at `path`.
    ///
    /// # Errors
    /// If it cannot be used.
    pub fn at(path: &Path, access: Access) -> Result<Self, Error> {
        Self::of(&Directory::open(path, access)?)
    }

    /// Looks at every ring, while others write and read: what comes and goes meanwhile may count or not. What is no sound
    /// ring, or gone when it is looked at, counts as empty.
    pub(super) fn of(directory: &Directory) -> Result<Self, Error> {
        let mut backlog = Self::default();
        let now_ms = clock::coarse_ms();
        for name in directory.entries()?.filter_map(Result::ok) {
            let Some(unique) = name.strip_prefix(RING) else { continue };
            if let Ok(Some(ring)) = Ring::open(directory, unique) {
                backlog.add(&ring, now_ms);
            }
        }
        Ok(backlog)
    }

    fn add(&mut self, ring: &Ring, now_ms: u64) {
        let tail = ring.memory.head().producer.tail.load(Ordering::Acquire);
        let mut cursor = Cursor::at_head(&ring.memory, tail);
        while let Look::Record(record) = cursor.look(&ring.memory) {
            self.records += 1;
            self.bytes += record.footprint();
            self.oldest_ms = self.oldest_ms.max(Some(now_ms.saturating_sub(record.time_ms)));
            cursor.skip();
        }
    }
}
