//! What is counted and logged of one endpoint: when it begins to fail, when it works again, what was lost.

use super::client::Failure;
use crate::hub::life::now_ms;
use crate::metrics::Metrics;
use crate::sparing::Sparing;
use crate::watch::{Refusals, Refused};
use std::sync::Arc;
use tokio::time::Instant;

/// See the module.
#[derive(Debug)]
pub(super) struct Report {
    app: String,
    /// Scheme, host and port; nothing secret.
    endpoint: String,
    metrics: Arc<Metrics>,
    /// Since when it fails, and how many requests have failed since.
    failing: Option<(Instant, u64)>,
    losses: Sparing,
    /// Where those who look at the app find what was lost.
    refusals: Option<Arc<Refusals>>,
}

impl Report {
    pub(super) fn new(app: String, endpoint: String, metrics: Arc<Metrics>) -> Self {
        Self { app, endpoint, metrics, failing: None, losses: Sparing::default(), refusals: None }
    }

    /// Tells those who look at the app, too, from now on.
    pub(super) fn tell_in(&mut self, refusals: Arc<Refusals>) {
        self.refusals = Some(refusals);
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
    pub(super) fn lost(&mut self, events: usize) {
        let events = u64::try_from(events).unwrap_or(u64::MAX);
        self.metrics.webhook_events_dropped.add(events);
        if let Some(refusals) = self.refusals.as_ref().filter(|_| events > 0) {
            let lost = Refused { what: "webhook", ..Refused::default() };
            refusals.note(
                lost,
                format_args!("given up: {} did not take it", self.endpoint),
                events,
                now_ms(),
            );
        }
        let due = self.losses.add(events);
        self.tell(due);
    }

    /// Tells of what was lost since the last message.
    pub(super) fn tell_rest(&mut self) {
        let rest = self.losses.rest();
        self.tell(rest);
    }

    fn tell(&self, events: Option<u64>) {
        if let Some(events) = events {
            tracing::warn!(app = %self.app, endpoint = %self.endpoint, events, "events for a webhook were dropped");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_look_are_told_what_was_given_up() {
        let (metrics, refusals) = (Arc::<Metrics>::default(), Arc::<Refusals>::default());
        let mut report = Report::new("1".to_owned(), "https://example.com".to_owned(), metrics);
        report.lost(1);
        report.tell_in(Arc::clone(&refusals));
        [3, 0, 2].into_iter().for_each(|events| report.lost(events));
        let all = refusals.all();
        assert_eq!((all.len(), &*all[0].what, all[0].count), (1, "webhook", 5));
        assert!(all[0].why.contains("https://example.com"), "{}", all[0].why);
    }
}
