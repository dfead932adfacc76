//! Whether a running server gets on, for those who would start it anew if it did not.

use super::Server;
use crate::hub::Hub;
use std::sync::{Arc, Weak};

/// See [`Server::liveness`].
#[derive(Debug)]
pub struct Liveness(Weak<Hub>);

/// How a server is at the moment.
#[derive(Debug)]
pub struct Life {
    /// Threads that have not got on for some seconds: those that accept, drain, or serve clients.
    pub stuck: Vec<String>,
    /// WebSocket connections.
    pub connections: usize,
}

impl Server {
    /// What can be asked from another thread whether the server gets on, also while it stops.
    #[must_use]
    pub fn liveness(&self) -> Liveness {
        Liveness(Arc::downgrade(&self.hub))
    }
}

impl Liveness {
    /// Looks, which one alone should do, once a second; `None` when the server is gone.
    #[must_use]
    pub fn look(&self) -> Option<Life> {
        let hub = self.0.upgrade()?;
        let connections = hub.apps().map(|app| app.connections()).sum();
        Some(Life { stuck: hub.health.pulse.look(), connections })
    }
}
