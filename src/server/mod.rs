//! The server as a whole: its sockets, its threads, and their end.
//!
//! `canyon serve` and the extension's `Canyon\Server` start the same one. It takes threads of its own and leaves the
//! caller's alone: signals, standard output and the decision when to stop are the caller's.

mod failure;
mod give;
mod listener;
mod take;

use crate::bell::Bell;
use crate::config::{Config, ListenAddress};
use crate::drain::{Drain, DrainStop, Start};
use crate::error::Error;
use crate::handover::halt::Request;
use crate::hub::life::{LifeEvents, host_channel};
use crate::hub::{Hub, Inbox, Letter, Mailbox};
use crate::metrics::Metrics;
use crate::tls::Tls;
use crate::webhook::{Dispatcher, DispatcherStop};
use crate::worker::{Inheritance, Worker, WorkerSettings};
use failure::Failure;
use listener::Listener;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

pub use crate::hub::life::{LifeEvent, Polled};
pub use give::Given;

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Server {
    /// As configured, and as they are.
    asked: Vec<ListenAddress>,
    addresses: Vec<ListenAddress>,
    listeners: Arc<Vec<Listener>>,
    tls: Option<Arc<Tls>>,
    hub: Arc<Hub>,
    workers: usize,
    drains: Vec<(DrainStop, JoinHandle<()>)>,
    /// Ends the accepting thread, or makes it stand still.
    end_accepting: Bell,
    accept_halt: Request,
    threads: Vec<JoinHandle<()>>,
    /// Not running before the server has taken over.
    waiting_dispatcher: Option<Dispatcher>,
    dispatcher: Option<(DispatcherStop, JoinHandle<()>)>,
    life: LifeEvents,
    failure: Arc<Failure>,
    /// Whether the clients are another process's.
    is_given: bool,
}

impl Server {
    /// Binds every address, takes the consumer's part of every queue, and starts the threads.
    ///
    /// When it returns, clients can connect and events are delivered; first of all those that waited, once the clients had
    /// [`Config::start_hold`] seconds to come back.
    ///
    /// # Errors
    /// If an address, a queue or a thread cannot be had; then nothing is left running.
    pub fn start(config: &Config) -> Result<Self, Error> {
        Self::launch(config, false)
    }

    /// Like [`Server::start`], for a host that takes the life-cycle events with [`Server::poll`].
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_observed(config: &Config) -> Result<Self, Error> {
        Self::launch(config, true)
    }

    fn launch(config: &Config, is_observed: bool) -> Result<Self, Error> {
        raise_descriptor_limit();
        let tls = load_tls(config)?;
        let listeners = config.listen.iter().map(|address| Listener::bind(address, tls.as_ref()));
        let listeners = listeners.collect::<Result<Vec<_>, _>>()?;
        let (mut server, mailboxes, dispatcher) = Self::build(config, is_observed, listeners, tls)?;
        // A failure from here on drops `server`, which ends what runs already.
        if let Some(dispatcher) = dispatcher {
            server.start_dispatcher(dispatcher)?;
        }
        let drains = Drain::open_all(config, &server.hub, Start::Fresh)?;
        server.start_drains(drains)?;
        for (index, mailbox) in mailboxes.into_iter().enumerate() {
            server.start_worker(config, index, mailbox, None)?;
        }
        server.start_accepting()?;
        Ok(server)
    }

    /// Everything but the threads.
    fn build(
        config: &Config,
        is_observed: bool,
        listeners: Vec<Listener>,
        tls: Option<Arc<Tls>>,
    ) -> Result<(Self, Vec<Mailbox>, Option<Dispatcher>), Error> {
        let addresses = listeners.iter().map(Listener::address).collect::<Result<Vec<_>, _>>();
        let addresses = addresses.map_err(|error| Error::System("the listening address", error))?;
        let bell = || Bell::new().map_err(|error| Error::System("a bell between threads", error));
        let life_bell = bell()?;
        let failure = Arc::new(Failure::new(life_bell.clone()));
        let (host, life) = host_channel(life_bell);
        let metrics = Arc::<Metrics>::default();
        let (observer, dispatcher) = Dispatcher::new(config, is_observed.then_some(host), &metrics).unzip();
        let (inboxes, mailboxes) = Inbox::for_workers(config.workers);
        let hub = Hub::new(config, inboxes, observer, metrics);
        let server = Self {
            asked: config.listen.clone(),
            addresses,
            listeners: Arc::new(listeners),
            tls,
            hub: Arc::new(hub),
            workers: config.workers,
            drains: Vec::new(),
            end_accepting: bell()?,
            accept_halt: Request::default(),
            threads: Vec::new(),
            waiting_dispatcher: None,
            dispatcher: None,
            life,
            failure,
            is_given: false,
        };
        Ok((server, mailboxes, dispatcher))
    }

    fn start_dispatcher(&mut self, dispatcher: Dispatcher) -> Result<(), Error> {
        let stop = dispatcher.stopper();
        let thread = self.spawn("canyon-life".to_owned(), move || dispatcher.run())?;
        self.dispatcher = Some((stop, thread));
        Ok(())
    }

    fn start_drains(&mut self, drains: Vec<Drain>) -> Result<(), Error> {
        for drain in drains {
            let stop = drain.stopper();
            let thread = self.spawn("canyon-drain".to_owned(), move || {
                drain.run();
                Ok(())
            })?;
            self.drains.push((stop, thread));
        }
        Ok(())
    }

    fn start_worker(
        &mut self,
        config: &Config,
        index: usize,
        mailbox: Mailbox,
        inheritance: Option<Inheritance>,
    ) -> Result<(), Error> {
        let settings = WorkerSettings {
            path_prefix: config.path_prefix.clone(),
            send_timeout: Duration::from_secs(config.send_timeout.into()),
            max_event_bytes: config.apps.iter().map(|app| app.max_event_bytes).min().unwrap_or_default(),
        };
        let (hub, apps) = (Arc::clone(&self.hub), config.apps.len());
        let thread = self.spawn(format!("canyon-worker-{index}"), move || {
            Worker::new(index, hub, settings, mailbox, apps, crate::http::serve).run(inheritance)
        })?;
        self.threads.push(thread);
        Ok(())
    }

    fn start_accepting(&mut self) -> Result<(), Error> {
        let (hub, listeners, workers) = (Arc::clone(&self.hub), Arc::clone(&self.listeners), self.workers);
        let (tls, stop, halt) = (self.tls.clone(), self.end_accepting.clone(), self.accept_halt.clone());
        let thread = self.spawn("canyon-accept".to_owned(), move || {
            listener::accept(&listeners, tls.as_deref(), &hub, workers, &stop, &halt)
        })?;
        self.threads.push(thread);
        Ok(())
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
        match self.failure.message() {
            Some(why) => Polled::Failed(why),
            None => self.life.poll(timeout),
        }
    }

    /// Waits until a thread of the server fails, and says how. A server that has failed serves only in part: stop it.
    pub async fn failure(&self) -> String {
        self.failure.wait().await
    }

    /// Stops: no more connections, events stay in their queues, clients are closed with 4200.
    ///
    /// Clients get `grace` to hang up by themselves (a moment, if it is zero).
    pub fn stop(mut self, grace: Duration) {
        self.end(grace);
    }

    fn end(&mut self, grace: Duration) {
        if self.is_given {
            // The threads have been told to end, and to touch no socket.
            let threads = self.drains.drain(..).map(|(_, thread)| thread);
            let dispatcher = self.dispatcher.take().map(|(_, thread)| thread);
            threads.chain(self.threads.drain(..)).chain(dispatcher).for_each(join);
            return;
        }
        self.end_accepting.ring();
        // First the drains, to their end: what they have taken from a queue is in the inboxes before the workers stop.
        for (drain, thread) in self.drains.drain(..) {
            drain.stop();
            join(thread);
        }
        for worker in 0..self.workers {
            self.hub.inbox(worker).send(Letter::Stop { grace });
        }
        self.threads.drain(..).for_each(join);
        // With it the files of Unix sockets go.
        self.listeners = Arc::default();
        // Last: it tells of the channels that the workers' clients have left just now.
        if let Some((dispatcher, thread)) = self.dispatcher.take() {
            dispatcher.stop();
            join(thread);
        }
    }

    fn spawn(
        &self,
        name: String,
        run: impl FnOnce() -> io::Result<()> + Send + 'static,
    ) -> Result<JoinHandle<()>, Error> {
        let (failure, told) = (Arc::clone(&self.failure), name.clone());
        let thread = Builder::new().name(name).spawn(move || failure.watch(&told, run));
        thread.map_err(|error| Error::System("a thread of the server", error))
    }
}

fn load_tls(config: &Config) -> Result<Option<Arc<Tls>>, Error> {
    Ok((!config.tls.is_empty()).then(|| Tls::load(&config.tls).map(Arc::new)).transpose()?)
}

/// Lets the process have as many descriptors as it may ask for: the usual soft limit of 1024 is there for programs that
/// use select(2), and would be the limit of connections here.
fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
        if let Err(error) = raised {
            tracing::warn!(%error, limit = limit.current, "the limit of open files could not be raised");
        }
    }
}

fn join(thread: JoinHandle<()>) {
    // It cannot have panicked: a panic is caught in the thread and told as a failure.
    let _ = thread.join();
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end(Duration::ZERO);
    }
}
