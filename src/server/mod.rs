//! The server as a whole: its sockets, its threads, and their end.
//!
//! `canyon serve` and the extension's `Canyon\Server` start the same one. It takes threads of its own and leaves the
//! caller's alone: signals, standard output and the decision when to stop are the caller's.

mod failure;
mod give;
mod listener;
mod liveness;
mod monitor;
mod provision;
mod take;

use crate::bell::Bell;
use crate::config::{Config, ListenAddress};
use crate::drain::{Drain, DrainStop, Start};
use crate::error::Error;
use crate::handover::halt::Request;
use crate::hub::life::{LifeEvents, host_channel};
use crate::hub::{Hub, Inbox, Letter, Mailbox};
use crate::metrics::Metrics;
use crate::systemd::Activated;
use crate::tls::Tls;
use crate::webhook::{Dispatcher, DispatcherStop};
use crate::worker::{Inheritance, IntakeLimits, Worker, WorkerSettings};
use failure::Failure;
use listener::Listener;
use monitor::{Phase, Watch};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

pub use crate::hub::life::{LifeEvent, Polled};
pub use give::Given;
pub use liveness::{Life, Liveness};
pub use provision::Provision;

/// What a client that was accepted just before the end gets for the head of its request.
const FIRST_WORDS: Duration = Duration::from_millis(20);

/// How long the end waits for HTTP requests under way.
const LAST_WORDS: Duration = Duration::from_secs(5);

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
    accepting: Option<JoinHandle<()>>,
    threads: Vec<JoinHandle<()>>,
    /// Not running before the server has taken over.
    waiting_dispatcher: Option<Dispatcher>,
    /// Answers those who watch the server.
    monitor: Option<Watch>,
    dispatcher: Option<(DispatcherStop, JoinHandle<()>)>,
    life: LifeEvents,
    failure: Arc<Failure>,
    /// Whether the clients are another process's.
    is_given: bool,
}

/// See [`Server::hurry`].
#[derive(Debug)]
pub struct Hurry(Arc<Hub>);

impl Hurry {
    /// From now on.
    pub fn up(&self) {
        self.0.health.hurry();
    }
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
        Self::launch(config, false, Vec::new())
    }

    /// Like [`Server::start`], for a host that takes the life-cycle events with [`Server::poll`].
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_observed(config: &Config) -> Result<Self, Error> {
        Self::launch(config, true, Vec::new())
    }

    fn launch(config: &Config, is_observed: bool, sockets: Vec<Activated>) -> Result<Self, Error> {
        raise_descriptor_limit();
        let tls = load_tls(config)?;
        let listeners = provision::listen(config, sockets, Vec::new(), tls.as_ref())?;
        let monitor = config.metrics.as_ref().map(|address| Listener::bind(address, None)).transpose()?;
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
        if let Some(listener) = monitor {
            server.start_monitor(config, listener, Phase::Accepting)?;
        }
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
        dispatcher.iter().for_each(|dispatcher| dispatcher.tell_in(&hub));
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
            accepting: None,
            threads: Vec::new(),
            monitor: None,
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
            metrics_token: config.metrics_token.clone(),
            trusted_proxies: config.trusted_proxies.clone(),
            intake: IntakeLimits { frames: config.max_frames_per_second, bytes: config.max_bytes_per_second },
            send_timeout: Duration::from_secs(config.send_timeout.into()),
            max_event_bytes: config.apps.iter().map(|app| app.max_event_bytes).min().unwrap_or_default(),
        };
        // Before anybody is accepted: a crowd may take all descriptors that there are, and the runtime needs some.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::System("the event loop of a worker", error))?;
        let (hub, apps) = (Arc::clone(&self.hub), config.apps.len());
        let thread = self.spawn(format!("canyon-worker-{index}"), move || {
            Worker::new(index, hub, settings, mailbox, apps, crate::http::serve).run(&runtime, inheritance);
            Ok(())
        })?;
        self.threads.push(thread);
        Ok(())
    }

    fn start_accepting(&mut self) -> Result<(), Error> {
        let (hub, listeners, workers) = (Arc::clone(&self.hub), Arc::clone(&self.listeners), self.workers);
        let (tls, stop, halt) = (self.tls.clone(), self.end_accepting.clone(), self.accept_halt.clone());
        let beat = hub.health.pulse.of("canyon-accept");
        let thread = self.spawn("canyon-accept".to_owned(), move || {
            listener::accept(&listeners, tls.as_deref(), &hub, workers, &stop, &halt, &beat)
        })?;
        self.accepting = Some(thread);
        Ok(())
    }

    fn start_monitor(&mut self, config: &Config, listener: Listener, phase: Phase) -> Result<(), Error> {
        let Some(asked) = &config.metrics else { return Ok(()) };
        let (mut watch, monitor) = Watch::new(asked, listener, phase)
            .map_err(|error| Error::System("the address of the metrics", error))?;
        let (hub, token) = (Arc::clone(&self.hub), config.metrics_token.clone());
        let thread = self.spawn("canyon-monitor".to_owned(), move || monitor.run(&hub, token.as_ref()))?;
        watch.thread = Some(thread);
        self.monitor = Some(watch);
        Ok(())
    }

    fn stop_monitor(&mut self) {
        if let Some(mut watch) = self.monitor.take() {
            watch.set(Phase::Ended);
            watch.thread.take().into_iter().for_each(join);
        }
    }

    /// Says whether the files of Unix sockets belong to another process from now on.
    fn set_given(&self, is_given: bool) {
        self.listeners.iter().for_each(|listener| listener.set_given(is_given));
        self.monitor.iter().for_each(|watch| watch.set_given(is_given));
    }

    /// Where the server listens, with the ports that the system chose.
    #[must_use]
    pub fn addresses(&self) -> &[ListenAddress] {
        &self.addresses
    }

    /// Where the metrics are served, if they have a listener of their own.
    #[must_use]
    pub fn metrics_address(&self) -> Option<&ListenAddress> {
        self.monitor.as_ref().map(|watch| &watch.address)
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

    /// Begins to stop: no more connections, and clients are closed with 4200 one after the other, over this time. Until
    /// then they are served; [`Server::stop`] ends the rest.
    pub fn drain(&mut self, over: Duration) {
        self.stop_accepting();
        for inbox in self.hub.inboxes() {
            inbox.send(Letter::Dismiss { over });
        }
    }

    /// What makes [`Server::stop`] wait for no request, also while it waits.
    #[must_use]
    pub fn hurry(&self) -> Hurry {
        Hurry(Arc::clone(&self.hub))
    }

    /// WebSocket connections at the moment.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.hub.apps().map(|app| app.connections()).sum()
    }

    /// Stops: no more connections, requests under way are answered, events stay in their queues, clients are closed with
    /// 4200.
    ///
    /// Clients get `grace` to hang up by themselves (a moment, if it is zero).
    pub fn stop(mut self, grace: Duration) {
        self.end(grace);
    }

    fn stop_accepting(&mut self) {
        self.end_accepting.ring();
        if let Some(thread) = self.accepting.take() {
            join(thread);
            // With them the files of Unix sockets go.
            self.listeners = Arc::default();
            // Whoever was accepted in the last moment gets to say what it came for.
            std::thread::sleep(FIRST_WORDS);
        }
        self.hub.health.stop();
    }

    /// Waits for the HTTP requests under way: what they publish is still delivered.
    fn finish_requests(&self) {
        let patience = Instant::now() + LAST_WORDS;
        while self.hub.metrics.http_connections.get() > 0
            && Instant::now() < patience
            && !self.hub.health.is_urgent()
        {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn end(&mut self, grace: Duration) {
        if self.is_given {
            // The threads have been told to end, and to touch no socket.
            let threads = self.drains.drain(..).map(|(_, thread)| thread).chain(self.accepting.take());
            let dispatcher = self.dispatcher.take().map(|(_, thread)| thread);
            threads.chain(self.threads.drain(..)).chain(dispatcher).for_each(join);
            return self.stop_monitor();
        }
        self.stop_accepting();
        self.finish_requests();
        // First the drains, to their end: what they have taken from a queue is in the inboxes before the workers stop.
        for (drain, thread) in self.drains.drain(..) {
            drain.stop();
            join(thread);
        }
        for worker in 0..self.workers {
            self.hub.inbox(worker).send(Letter::Stop { grace });
        }
        self.threads.drain(..).for_each(join);
        // It tells of the channels that the workers' clients have left just now.
        if let Some((dispatcher, thread)) = self.dispatcher.take() {
            dispatcher.stop();
            join(thread);
        }
        self.stop_monitor();
    }

    fn spawn(
        &self,
        name: String,
        run: impl FnOnce() -> io::Result<()> + Send + 'static,
    ) -> Result<JoinHandle<()>, Error> {
        let (failure, told) = (Arc::clone(&self.failure), name.clone());
        let hub = Arc::clone(&self.hub);
        let thread = Builder::new().name(name).spawn(move || {
            if failure.watch(&told, run) {
                hub.health.fail();
            }
        });
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
