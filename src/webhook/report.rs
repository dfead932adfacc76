//! What is counted and logged of one endpoint: when it begins to fail, when it works again, what was lost.

use super::client::Failure;
use crate::metrics::Metrics;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Losses are logged at most this often for an endpoint; each message says how many there were since the last.
const EVERY: Duration = Duration::from_secs(60);

/// See the module.
#[derive(Debug)]
pub(super) struct Report {
    app: String,
    /// Scheme, host and port; nothing secret.
    endpoint: String,
    metrics: Arc<Metrics>,
    /// Since when it fails, and how many requests have failed since.
    failing: Option<(Instant, u64)>,
    /// Events lost of which no message told yet.
    lost: u64,
    told: Option<Instant>,
}

impl Report {
    pub(super) fn new(app: String, endpoint: String, metrics: Arc<Metrics>) -> Self {
        Self { app, endpoint, metrics, failing: None, lost: 0, told: None }
    }

    /// A request is made, again if `is_repeated`.
    pub(super) fn requested(&self, is_repeated: bool) {
        self.metrics.webhook_requests.increment();
        if is_repeated {
            self.metrics.webhook_retries.increment();
        }
    }

    /// A request was received.
    pub(super) fn received(&mut self) {
        if let Some((since, requests)) = self.failing.take() {
            let seconds = since.elapsed().as_secs();
            tracing::info!(app = %self.app, endpoint = %self.endpoint, requests, seconds, "a webhook works again");
        }
    }

    /// A request has failed.
    pub(super) fn failed(&mut self, why: &Failure) {
        self.metrics.webhook_failures.increment();
        let (_, requests) = self.failing.get_or_insert_with(|| {
            tracing::warn!(app = %self.app, endpoint = %self.endpoint, %why, "a webhook fails, and is tried again");
            (Instant::now(), 0)
        });
        *requests += 1;
    }

    /// Events were given up.
    pub(super) fn lost(&mut self, events: usize, now: Instant) {
        let events = u64::try_from(events).unwrap_or(u64::MAX);
        self.metrics.webhook_events_dropped.add(events);
        self.lost += events;
        if self.lost > 0 && self.told.is_none_or(|told| now.saturating_duration_since(told) >= EVERY) {
            self.tell();
            self.told = Some(now);
        }
    }

    /// Tells of what was lost since the last message.
    pub(super) fn tell(&mut self) {
        let events = std::mem::take(&mut self.lost);
        if events > 0 {
            tracing::warn!(app = %self.app, endpoint = %self.endpoint, events, "events for a webhook were dropped");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_all_counted_and_told_once_a_minute() {
        let metrics = Arc::<Metrics>::default();
        let mut report = Report::new("1".into(), "http://a".into(), Arc::clone(&metrics));
        let now = Instant::now();
        report.lost(0, now);
        assert_eq!(report.told, None);
        report.lost(3, now);
        assert_eq!((report.lost, report.told), (0, Some(now)), "the first at once");
        report.lost(4, now + EVERY / 2);
        report.lost(5, now + EVERY / 2);
        assert_eq!(report.lost, 9, "kept for the next message");
        report.lost(1, now + EVERY);
        assert_eq!(report.lost, 0);
        assert_eq!(metrics.webhook_events_dropped.get(), 13);
    }
}
