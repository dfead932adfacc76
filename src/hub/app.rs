//! An application while it is served.

use super::Hold;
use crate::config::AppConfig;
use crate::metrics::Level;
use crate::watch::AppWatch;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// Settings, how much there is of it, and what is kept for people who look.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) index: usize,
    pub(crate) config: AppConfig,
    connections: AtomicUsize,
    /// Channels with subscribers, and subscriptions on all of them. Those for people who look do not count.
    pub(super) channels: Level,
    pub(super) subscriptions: Level,
    pub(crate) watch: AppWatch,
    hold: OnceLock<Arc<Hold>>,
}

impl App {
    pub(crate) fn new(index: usize, config: AppConfig) -> Self {
        Self {
            index,
            config,
            connections: AtomicUsize::new(0),
            channels: Level::default(),
            subscriptions: Level::default(),
            watch: AppWatch::default(),
            hold: OnceLock::new(),
        }
    }

    /// Takes one of the app's connections, if any is left.
    pub(crate) fn take_connection(self: &Arc<Self>) -> Option<Quota> {
        let limit = match self.config.max_connections {
            0 => usize::MAX,
            limit => limit,
        };
        // Relaxed: the count guards nothing but itself.
        self.connections
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| (count < limit).then_some(count + 1))
            .ok()
            .map(|_| Quota(Arc::clone(self)))
    }

    pub(super) fn count_connection(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// Holds its events back, all of them, until the hold is over. Only the first hold of an app counts.
    pub(crate) fn hold_back(&self, hold: Arc<Hold>) {
        self.hold.get_or_init(|| hold);
    }

    /// The hold on its delivery, while it lasts.
    pub(super) fn hold(&self) -> Option<&Hold> {
        self.hold.get().map(Arc::as_ref).filter(|hold| !hold.is_over())
    }

    /// Connections at the moment.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// One connection of an app's quota, given back when dropped.
#[derive(Debug)]
pub(crate) struct Quota(Arc<App>);

impl Quota {
    /// For a connection that is counted already.
    pub(super) fn of(app: &Arc<App>) -> Self {
        Self(Arc::clone(app))
    }

    pub(crate) fn app(&self) -> &Arc<App> {
        &self.0
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}
