//! Events that did not get through a queue, told to whoever runs the server.

use crate::metrics::Metrics;
use crate::queue::Counts;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How often, at most, full rings are told of: they come by the thousands.
const QUIET: Duration = Duration::from_secs(10);

/// What of a queue's losses has been counted and told.
#[derive(Debug)]
pub(super) struct Losses {
    queue: PathBuf,
    max_age: u32,
    counted: Counts,
    told: Counts,
    told_of_full: Option<Instant>,
}

impl Losses {
    pub(super) fn new(queue: PathBuf, max_age: u32) -> Self {
        Self { queue, max_age, counted: Counts::default(), told: Counts::default(), told_of_full: None }
    }

    /// Adds what is new to the metrics, and logs it once it is complete; how many events found no room since the
    /// last time.
    pub(super) fn note(&mut self, now: Counts, metrics: &Metrics, is_drained: bool) -> u64 {
        let without_room = now.pushes_refused - self.counted.pushes_refused;
        metrics.events_expired.add(now.expired - self.counted.expired);
        metrics.events_refused_full.add(without_room);
        let expires = now.expired != self.counted.expired;
        self.counted = now;
        let queue = self.queue.display();
        let expired = now.expired - self.told.expired;
        // In one line, though it takes many rounds to skip them.
        if expired > 0 && (is_drained || !expires) {
            self.told.expired = now.expired;
            let (events, max_age) = (events(expired), self.max_age);
            tracing::warn!(%queue, "{events} older than {max_age} s skipped: no server ran meanwhile (max_age)");
        }
        let refused = now.pushes_refused - self.told.pushes_refused;
        if refused > 0 && self.told_of_full.is_none_or(|last| last.elapsed() > QUIET) {
            self.told.pushes_refused = now.pushes_refused;
            self.told_of_full = Some(Instant::now());
            let events = events(refused);
            tracing::warn!(%queue, "{events} not taken: the rings of their publishers were full");
        }
        without_room
    }
}

/// `1 event`, `2 events`.
pub(super) fn events(count: u64) -> String {
    format!("{count} {}", if count == 1 { "event" } else { "events" })
}
