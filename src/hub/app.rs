//! An application while it is served.

use super::{Addresses, Hold};
use crate::address::Address;
use crate::config::AppConfig;
use crate::metrics::Level;
use crate::metrics::Limit;
use crate::watch::AppWatch;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

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
    /// Those of all apps.
    addresses: Arc<Addresses>,
    hold: OnceLock<Arc<Hold>>,
}

impl App {
    pub(crate) fn new(index: usize, config: AppConfig, addresses: &Arc<Addresses>) -> Self {
        Self {
            index,
            config,
            connections: AtomicUsize::new(0),
            channels: Level::default(),
            subscriptions: Level::default(),
            watch: AppWatch::default(),
            addresses: Arc::clone(addresses),
            hold: OnceLock::new(),
        }
    }

    /// Takes one of the app's connections and one of the client address's, or says which limit is in the way.
    pub(crate) fn take_connection(self: &Arc<Self>, address: Option<Address>) -> Result<Quota, Limit> {
        if let Some(address) = address {
            self.addresses.enter(address, Instant::now())?;
        }
        let limit = match self.config.max_connections {
            0 => usize::MAX,
            limit => limit,
        };
        // Relaxed: the count guards nothing but itself.
        self.connections
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| (count < limit).then_some(count + 1))
            .map(|_| Quota { app: Arc::clone(self), address })
            .map_err(|_| {
                self.leave(address);
                Limit::MaxConnections
            })
    }

    /// A connection that there is already, whatever the limits.
    pub(crate) fn keep_connection(self: &Arc<Self>, address: Option<Address>) -> Quota {
        if let Some(address) = address {
            self.addresses.keep(address);
        }
        self.connections.fetch_add(1, Ordering::Relaxed);
        Quota { app: Arc::clone(self), address }
    }

    fn leave(&self, address: Option<Address>) {
        if let Some(address) = address {
            self.addresses.leave(address, Instant::now());
        }
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

/// One connection of an app and of a client address, given back when dropped.
#[derive(Debug)]
pub(crate) struct Quota {
    app: Arc<App>,
    address: Option<Address>,
}

impl Quota {
    /// The address that it counts for.
    pub(crate) fn address(&self) -> Option<Address> {
        self.address
    }
}

impl Deref for Quota {
    type Target = Arc<App>;

    fn deref(&self) -> &Arc<App> {
        &self.app
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        self.app.connections.fetch_sub(1, Ordering::Relaxed);
        self.app.leave(self.address);
    }
}
