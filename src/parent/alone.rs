//! A server without a parent: it tells the supervisor by itself how it is.

use super::pulse;
use crate::server::Server;
use crate::systemd::{Notifier, State};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// The way to the supervisor of a server that has no parent, if there is one.
#[derive(Debug)]
pub struct Alone(Arc<Notifier>);

impl Alone {
    /// As the environment says.
    #[must_use]
    pub fn from_environment() -> Self {
        Self(Arc::new(Notifier::from_environment()))
    }

    /// Says that the server serves, and from now on that it is alive, if the supervisor wants to hear that.
    ///
    /// # Errors
    /// If there is no thread to be had.
    pub fn serving(&self, server: &Server) -> io::Result<()> {
        let version = env!("CARGO_PKG_VERSION");
        self.0.tell(&[State::Ready, State::Status(&format!("Serving ({version}, without a parent)"))]);
        if self.0.watchdog().is_some() {
            let notifier = Arc::clone(&self.0);
            pulse::start(server.liveness(), move |_| {
                notifier.tell(&[State::Alive]);
                true
            })?;
        }
        Ok(())
    }

    /// Says that the server ends, and over how much time it closes its clients.
    pub fn stopping(&self, over: Duration) {
        self.0.tell(&[State::Stopping, State::Extend(over + super::END_TIME), State::Status("Stopping")]);
    }
}
