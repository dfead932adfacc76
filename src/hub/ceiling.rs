//! What waits for all clients together, worker by worker, and how much that may be.
//!
//! Each worker tells what waits for its own clients when it has weighed it, once a second or after much came in: no
//! delivery comes by here. What the others told may be a second old.

use std::sync::atomic::{AtomicUsize, Ordering};

/// See the module.
#[derive(Debug)]
pub(crate) struct Ceiling {
    /// Bytes; `None` is no limit.
    limit: Option<usize>,
    workers: Vec<Told>,
}

/// What a worker told, in bytes.
#[derive(Debug, Default)]
struct Told {
    waiting: AtomicUsize,
    most_for_one: AtomicUsize,
}

impl Ceiling {
    pub(super) fn new(limit: u64, workers: usize) -> Self {
        let limit = (limit > 0).then(|| usize::try_from(limit).unwrap_or(usize::MAX));
        Self { limit, workers: std::iter::repeat_with(Told::default).take(workers).collect() }
    }

    /// Bytes that are not worth being weighed with care: if no worker has more, all together have a sixteenth of the limit.
    pub(crate) fn trifle(&self) -> usize {
        // Without a limit, those who look at the metrics get as good an answer.
        const USUAL: usize = 256 << 20;
        self.limit.unwrap_or(USUAL) / (16 * self.workers.len().max(1))
    }

    /// Notes what waits for a worker's clients, and for the one of them that is first to go.
    pub(crate) fn note(&self, worker: usize, waiting: usize, most_for_one: usize) {
        // Relaxed, here and below: a figure that is a moment old will do.
        self.workers[worker].waiting.store(waiting, Ordering::Relaxed);
        self.workers[worker].most_for_one.store(most_for_one, Ordering::Relaxed);
    }

    /// Whether a client for which so much waits has to go: too much waits for all, and for no other twice as much. So the
    /// slowest go first, and yet no worker waits for another's turn.
    pub(crate) fn must_go(&self, share: usize) -> bool {
        let total: usize = (0..self.workers.len()).map(|worker| self.waiting(worker)).sum();
        let most_for_one = self.workers.iter().map(|told| told.most_for_one.load(Ordering::Relaxed)).max();
        self.limit.is_some_and(|limit| total > limit) && share >= most_for_one.unwrap_or_default() / 2
    }

    /// What waited for a worker's clients when it told so last.
    pub(crate) fn waiting(&self, worker: usize) -> usize {
        self.workers[worker].waiting.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_go_first_whichever_worker_they_are_on() {
        let ceiling = Ceiling::new(1600, 2);
        assert_eq!(ceiling.trifle(), 50);
        ceiling.note(0, 1000, 500);
        ceiling.note(1, 600, 90);
        assert!(!ceiling.must_go(500), "it is not too much");
        ceiling.note(1, 700, 90);
        assert_eq!([500, 250, 249, 90].map(|share| ceiling.must_go(share)), [true, true, false, false]);
        ceiling.note(0, 950, 120);
        assert!(ceiling.must_go(90));
        ceiling.note(1, 610, 90);
        assert!(!ceiling.must_go(120));
        assert_eq!((ceiling.waiting(0), ceiling.waiting(1)), (950, 610));
    }

    #[test]
    fn without_a_limit_nobody_has_to_go() {
        let ceiling = Ceiling::new(0, 1);
        ceiling.note(0, usize::MAX, usize::MAX);
        assert!(!ceiling.must_go(usize::MAX));
        assert_eq!(ceiling.trifle(), 16 << 20);
    }
}
