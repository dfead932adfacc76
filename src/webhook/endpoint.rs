//! One endpoint: what it wants to hear, and what waits for it.

use super::backlog::Backlog;
use super::client::Target;
use super::report::Report;
use crate::config::{AppConfig, LifeKind, Secret, WebhookConfig};
use crate::metrics::Metrics;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// One of an app's webhooks while it is served: the dispatcher fills it, and a delivery of its own empties it.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) target: Target,
    pub(super) secret: Secret,
    pub(super) report: Mutex<Report>,
    backlog: Mutex<Backlog>,
    /// The events of the request that is being made, and since when.
    requested: Mutex<Option<(Instant, Vec<Arc<str>>)>>,
    /// Whether no request is to be begun.
    is_held: AtomicBool,
    /// Its place among the app's.
    index: usize,
    /// Rings when something was added.
    pub(super) bell: Notify,
}

/// What there is to send.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// The events of a request that can be made now.
    Batch(Vec<Arc<str>>),
    /// A request can be made then.
    Until(Instant),
    /// Nothing.
    Nothing,
}

impl Endpoint {
    pub(super) fn new(
        app: &AppConfig,
        index: usize,
        webhook: &WebhookConfig,
        metrics: &Arc<Metrics>,
    ) -> Self {
        let report = Report::new(app.id.clone(), webhook.url.origin(), Arc::clone(metrics));
        Self {
            target: Target { webhook: webhook.clone(), key: app.key.clone() },
            secret: app.secret.clone(),
            report: Mutex::new(report),
            backlog: Mutex::default(),
            requested: Mutex::default(),
            is_held: AtomicBool::new(false),
            index,
            bell: Notify::new(),
        }
    }

    pub(super) fn is_secure(&self) -> bool {
        self.target.webhook.url.uri().scheme_str() == Some("https")
    }

    pub(super) fn wants(&self, kind: LifeKind, channel: &str) -> bool {
        self.target.webhook.wants(kind, channel)
    }

    /// Adds an event, as JSON, to what waits. Never waits itself: what has no room is dropped.
    pub(super) fn push(&self, event: Arc<str>) {
        let now = Instant::now();
        let dropped = self.backlog.lock().push(event, now);
        self.report.lock().lost(dropped);
        self.bell.notify_one();
    }

    /// What there is to send; `at_once` if nothing more will come.
    pub(super) fn next(&self, at_once: bool) -> Waiting {
        *self.requested.lock() = None;
        if self.is_held.load(Ordering::Relaxed) {
            return Waiting::Nothing;
        }
        let now = Instant::now();
        let mut backlog = self.backlog.lock();
        self.report.lock().lost(backlog.expire(now));
        match backlog.ready_at() {
            None => Waiting::Nothing,
            Some(ready) if at_once || ready <= now => {
                let events = backlog.take();
                *self.requested.lock() = Some((now, events.clone()));
                Waiting::Batch(events)
            }
            Some(ready) => Waiting::Until(ready),
        }
    }

    /// What another process calls it.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.index, self.target.webhook.url)
    }

    /// Keeps it from beginning requests, or lets it.
    pub(super) fn hold(&self, is_held: bool) {
        self.is_held.store(is_held, Ordering::Relaxed);
        self.bell.notify_one();
    }

    pub(super) fn is_requesting(&self) -> bool {
        self.requested.lock().is_some()
    }

    /// Everything that nobody has received yet, oldest first, and for how long it has waited.
    pub(super) fn states(&self, now: Instant) -> Vec<(Arc<str>, Duration)> {
        let requested = self.requested.lock();
        let requested =
            requested.iter().flat_map(|(since, events)| events.iter().map(|event| (*since, event)));
        let backlog = self.backlog.lock();
        let all = requested.chain(backlog.events());
        all.map(|(since, event)| (Arc::clone(event), now.saturating_duration_since(since))).collect()
    }

    /// Adds an event that has waited elsewhere.
    pub(super) fn restore(&self, event: Arc<str>, age: Duration) {
        let now = Instant::now();
        let dropped = self.backlog.lock().push(event, now.checked_sub(age).unwrap_or(now));
        self.report.lock().lost(dropped);
    }
}
