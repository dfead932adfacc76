//! What waits for all clients together, worker by worker, and how much that may be.
//!
//! Each worker tells what waits for its own clients when it has weighed it, once a second or after much came in: no
//! delivery comes by here.

use std::sync::atomic::{AtomicUsize, Ordering};

/// See the module.
#[derive(Debug)]
pub(crate) struct Ceiling {
    /// Bytes; `None` is no limit.
    limit: Option<usize>,
    waiting: Vec<AtomicUsize>,
}

impl Ceiling {
    pub(super) fn new(limit: u64, workers: usize) -> Self {
        let limit = (limit > 0).then(|| usize::try_from(limit).unwrap_or(usize::MAX));
        Self { limit, waiting: (0..workers).map(|_| AtomicUsize::new(0)).collect() }
    }

    /// Bytes that are not worth being weighed with care: if no worker has more, all together have a sixteenth of the limit.
    pub(crate) fn trifle(&self) -> usize {
        // Without a limit, those who look at the metrics get as good an answer.
        const USUAL: usize = 256 << 20;
        self.limit.unwrap_or(USUAL) / (16 * self.waiting.len().max(1))
    }

    /// Notes what waits for a worker's clients; how much of it is too much. Each worker has to give of what there is too
    /// much of as large a part as it has of the whole.
    pub(crate) fn note(&self, worker: usize, bytes: usize) -> usize {
        // Relaxed: a figure that is a moment old will do.
        self.waiting[worker].store(bytes, Ordering::Relaxed);
        let total: usize = (0..self.waiting.len()).map(|worker| self.waiting(worker)).sum();
        let excess = self.limit.map_or(0, |limit| total.saturating_sub(limit));
        if excess == 0 {
            return 0;
        }
        usize::try_from((bytes as u128 * excess as u128).div_ceil(total as u128)).unwrap_or(bytes)
    }

    /// What waited for a worker's clients when it told so last.
    pub(crate) fn waiting(&self, worker: usize) -> usize {
        self.waiting[worker].load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_gives_of_what_is_too_much_as_large_a_part_as_it_has() {
        let ceiling = Ceiling::new(1600, 2);
        assert_eq!(ceiling.trifle(), 50);
        assert_eq!((ceiling.note(0, 1200), ceiling.note(1, 400)), (0, 0));
        // 800 too much, of which the first has three quarters.
        assert_eq!((ceiling.note(1, 600), ceiling.note(0, 1800)), (67, 600));
        assert_eq!((ceiling.note(0, 1200), ceiling.note(1, 600)), (134, 67));
        assert_eq!((ceiling.waiting(0), ceiling.waiting(1)), (1200, 600));
    }

    #[test]
    fn without_a_limit_nothing_is_too_much() {
        let ceiling = Ceiling::new(0, 1);
        assert_eq!((ceiling.note(0, usize::MAX), ceiling.trifle()), (0, 16 << 20));
    }
}
