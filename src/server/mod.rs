//! The server as a whole: its sockets, its threads, and their end.
//!
//! `canyon serve` and the extension's `Canyon\Server` start the same one. It takes threads of its own and leaves the
//! caller's alone: signals, standard output and the decision when to stop are the caller's.

mod listener;

use crate::config::{Config, ListenAddress};
use crate::drain::Drain;
use crate::error::Error;
use crate::hub::life::{LifeEvents, observation};
use crate::hub::{Hub, Inbox, Letter, Mailbox};
use crate::metrics::Metrics;
use crate::worker::{Worker, WorkerSettings};
use listener::{Listener, StopBell};
use std::io;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

pub use crate::hub::life::{LifeEvent, Polled};

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Server {
    addresses: Vec<ListenAddress>,
    hub: Arc<Hub>,
    workers: usize,
    drains: Vec<Drain>,
    accepting: StopBell,
    threads: Vec<JoinHandle<()>>,
    life: LifeEvents,
}

impl Server {
    /// Binds every address, takes the consumer's part of every queue, and starts the threads.
    ///
    /// When it returns, clients can connect and events are delivered.
    ///
    /// # Errors
    /// If an address, a queue or a thread cannot be had; then nothing is left running.
    pub fn start(config: &Config) -> Result<Self, Error> {
        let listeners = config.listen.iter().map(Listener::bind).collect::<Result<Vec<_>, _>>()?;
        let addresses = listeners.iter().map(Listener::address).collect::<Result<Vec<_>, _>>();
        let addresses = addresses.map_err(|error| Error::System("the listening address", error))?;
        let (observer, life) =
            observation().map_err(|error| Error::System("the channel of life-cycle events", error))?;
        let stop =
            StopBell::new().map_err(|error| Error::System("the bell of the accepting thread", error))?;
        let (inboxes, mailboxes): (Vec<Inbox>, Vec<Mailbox>) =
            (0..config.workers).map(|_| Inbox::new()).unzip();
        let hub = Arc::new(Hub::new(config, inboxes, Some(observer), Arc::new(Metrics::default())));
        let mut server = Self {
            addresses,
            hub: Arc::clone(&hub),
            workers: config.workers,
            drains: Vec::new(),
            accepting: stop,
            threads: Vec::new(),
            life,
        };
        // A failure from here on drops `server`, which ends what runs already.
        server.drains = Drain::start_all(config, &hub)?;
        let settings =
            WorkerSettings { path_prefix: config.path_prefix.clone(), send_timeout: config.send_timeout };
        for (index, mailbox) in mailboxes.into_iter().enumerate() {
            let (hub, settings, apps) = (Arc::clone(&hub), settings.clone(), config.apps.len());
            server.spawn(format!("canyon-worker-{index}"), move || {
                Worker::new(index, hub, settings, mailbox, apps, crate::http::serve).run()
            })?;
        }
        let (workers, stop) = (config.workers, server.accepting.clone());
        server
            .spawn("canyon-accept".to_owned(), move || listener::accept(&listeners, &hub, workers, &stop))?;
        Ok(server)
    }

    /// Where the server listens, with the ports that the system chose.
    #[must_use]
    pub fn addresses(&self) -> &[ListenAddress] {
        &self.addresses
    }

    /// What the server has counted so far.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.hub.metrics
    }

    /// Waits for the next life-cycle event; a signal to the calling thread ends the wait.
    #[must_use]
    pub fn poll(&self, timeout: Duration) -> Polled {
        self.life.poll(timeout)
    }

    /// Stops: no more connections, events stay in their queues, clients are closed with 4200.
    ///
    /// Clients get `grace` to hang up by themselves (a moment, if it is zero).
    pub fn stop(mut self, grace: Duration) {
        self.end(grace);
    }

    fn end(&mut self, grace: Duration) {
        self.accepting.ring();
        self.drains.clear();
        for worker in 0..self.workers {
            self.hub.inbox(worker).send(Letter::Stop { grace });
        }
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the server had panicked");
            }
        }
    }

    fn spawn(
        &mut self,
        name: String,
        run: impl FnOnce() -> io::Result<()> + Send + 'static,
    ) -> Result<(), Error> {
        let told = name.clone();
        let body = move || {
            if let Err(error) = run() {
                tracing::error!(%error, thread = told, "a thread of the server could not run");
            }
        };
        let thread = Builder::new().name(name).spawn(body);
        self.threads.push(thread.map_err(|error| Error::System("a thread of the server", error))?);
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end(Duration::ZERO);
    }
}
