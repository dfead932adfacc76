//! Taking over from another server: the successor's side of a hand-over. The other side is in [`give`](super::give).

use super::give::{PAUSE, PREPARATION};
use super::monitor::Phase;
use super::{Listener, Server, load_tls, provision, raise_descriptor_limit};
use crate::config::Config;
use crate::drain::{Drain, Start};
use crate::error::Error;
use crate::handover::fault;
use crate::handover::halt::{Halted, Order, Report, halt};
use crate::handover::state::{
    ConnectionState, FORMAT, Hello, LifeState, Message, RequestState, SERVE, Totals,
};
use crate::handover::wire::Wire;
use crate::hub::Hub;
use crate::systemd::Activated;
use crate::worker::Inheritance;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// How long the successor waits to hear whether it serves. The old server answers at once or dies.
const VERDICT: Duration = Duration::from_secs(60);

/// How long the old server may take to let go of its queues once the successor serves.
const LETTING_GO: Duration = Duration::from_secs(10);

/// The same, where it seems to be dead.
const LETTING_GO_DEAD: Duration = Duration::from_secs(1);

/// What the old server told.
#[derive(Default)]
struct Told {
    connections: Vec<(ConnectionState, OwnedFd)>,
    requests: Vec<(RequestState, OwnedFd)>,
    life: Vec<LifeState>,
    /// Clients that have left with the old server.
    drained: usize,
}

impl Server {
    /// Takes over everything from the server at the other end of `channel`, which runs [`Server::give`], and serves in its
    /// place with this configuration.
    ///
    /// # Errors
    /// Says why not. The other server serves on, unless it said already that this one does.
    pub fn take_over(config: &Config, is_observed: bool, channel: UnixStream) -> Result<Self, Error> {
        Self::succeed(config, is_observed, Vec::new(), channel)
    }

    /// The same with sockets of systemd's, which the old server has too.
    pub(super) fn succeed(
        config: &Config,
        is_observed: bool,
        sockets: Vec<Activated>,
        channel: UnixStream,
    ) -> Result<Self, Error> {
        raise_descriptor_limit();
        let mut wire = Wire::new(channel, PREPARATION);
        let taken = Self::receive(config, is_observed, sockets, &mut wire);
        let (mut server, workers, life) = taken.inspect_err(|error| {
            // The old server hears why, or notices the end.
            let _ = wire.send(&Message::Refused(error.to_string()), &[]);
        })?;
        let start = verdict(&mut wire);
        let begun = start.and_then(|start| server.begin(config, start, &workers, life));
        if begun.is_err() {
            workers.iter().for_each(|worker| worker.order(Order::Leave));
            server.is_given = true;
        }
        begun.map(|()| server)
    }

    /// Builds a server of everything that is told; it is ready to serve.
    fn receive(
        config: &Config,
        is_observed: bool,
        sockets: Vec<Activated>,
        wire: &mut Wire,
    ) -> Result<(Self, Vec<Halted>, Vec<LifeState>), Error> {
        let hello = Hello { format: FORMAT, version: env!("CARGO_PKG_VERSION").to_owned() };
        fault::at("new started");
        wire.send(&hello, &[]).map_err(broken)?;
        let tls = load_tls(config)?;
        let mut watched = None;
        let listeners = loop {
            match wire.receive().map_err(broken)? {
                (Message::Monitor(address), descriptors) => {
                    watched = descriptors.into_iter().next().zip(Some(address))
                }
                (Message::Listeners(addresses), descriptors) => {
                    if addresses.len() != descriptors.len() {
                        return Err(impossible("the listening sockets"));
                    }
                    let theirs = addresses.into_iter().zip(descriptors).collect();
                    break provision::listen(config, sockets, theirs, tls.as_ref())?;
                }
                (Message::Refused(why), _) => return Err(Error::HandOver(why)),
                _ => return Err(unexpected()),
            }
        };
        let monitor = config.metrics.as_ref().map(|address| match watched {
            Some((descriptor, theirs)) if theirs == *address => Listener::inherit(address, descriptor, None),
            _ => Listener::bind(address, None),
        });
        let monitor = monitor.transpose()?;
        let (mut server, mailboxes, dispatcher) = Self::build(config, is_observed, listeners, tls)?;
        server.is_given = true;
        if let Some(listener) = monitor {
            server.start_monitor(config, listener, Phase::Resting)?;
        }
        wire.send(&Message::Prepared, &[]).map_err(broken)?;
        wire.extend(PREPARATION + PAUSE);
        fault::at("new prepared");
        let told = Told::receive(wire, &server.hub)?;
        fault::at("new told");
        let mut inheritances: Vec<_> =
            mailboxes.into_iter().map(|mailbox| (mailbox, vec![], vec![])).collect();
        let workers = inheritances.len();
        for (index, connection) in told.connections.into_iter().enumerate() {
            inheritances[index % workers].1.push(connection);
        }
        for (index, request) in told.requests.into_iter().enumerate() {
            inheritances[index % workers].2.push(request);
        }
        let mut halted = Vec::new();
        for (index, (mailbox, connections, requests)) in inheritances.into_iter().enumerate() {
            let (halt, worker) = halt();
            halted.push(worker);
            let inheritance = Inheritance { connections, requests, halt };
            server.start_worker(config, index, mailbox, Some(inheritance))?;
        }
        let deadline = Instant::now() + PAUSE;
        for worker in &halted {
            match worker.report_by(deadline) {
                Ok(Report::Restored(restored)) => restored.map_err(Error::HandOver)?,
                _ => return Err(Error::HandOver("a thread of the successor does not answer".to_owned())),
            }
        }
        if told.drained == 0 {
            server.hub.check_restored().map_err(|what| impossible(&what.0))?;
        }
        server.waiting_dispatcher = dispatcher;
        fault::at("new restored");
        // An old server that has died in the meantime does not hear it: that shows when it gives no verdict.
        let _ = wire.send(&Message::Ready, &[]);
        fault::at("new ready");
        Ok((server, halted, told.life))
    }

    /// Serves.
    fn begin(
        &mut self,
        config: &Config,
        start: Start,
        workers: &[Halted],
        life: Vec<LifeState>,
    ) -> Result<(), Error> {
        fault::at("new committed");
        self.hub.bury_ghosts();
        let mut drains = Drain::open_all(config, &self.hub, start)?;
        // Nobody can publish yet: what waited in the rings comes before everything else.
        drains.iter_mut().for_each(Drain::catch_up);
        self.is_given = false;
        self.set_given(false);
        self.start_drains(drains)?;
        workers.iter().for_each(|worker| worker.order(Order::Resume));
        let mut unwanted = life.len();
        if let Some(mut dispatcher) = self.waiting_dispatcher.take() {
            unwanted = dispatcher.inherit(life);
            self.start_dispatcher(dispatcher)?;
        }
        if unwanted > 0 {
            tracing::warn!(
                events = unwanted,
                "life-cycle events that nobody wants to know of any more are dropped"
            );
        }
        self.monitor.iter().for_each(|watch| watch.set(Phase::Accepting));
        self.start_accepting()
    }
}

impl Told {
    fn receive(wire: &mut Wire, hub: &Hub) -> Result<Self, Error> {
        let mut told = Self::default();
        loop {
            let (message, descriptors) = wire.receive().map_err(broken)?;
            match message {
                Message::Channels(channels) => channels
                    .iter()
                    .try_for_each(|channel| hub.restore_channel(channel))
                    .map_err(|what| impossible(&what.0))?,
                Message::Remembered(events) => {
                    events.into_iter().for_each(|event| hub.restore_remembered(event));
                }
                Message::Connections(states) => pair(&mut told.connections, states, descriptors)?,
                Message::Requests(states) => pair(&mut told.requests, states, descriptors)?,
                Message::Life(states) => told.life.extend(states),
                Message::Counters(counters) => {
                    for (name, counter) in hub.metrics.all() {
                        counter.add(counters.get(name).copied().unwrap_or_default());
                    }
                }
                Message::Histograms(counts) => {
                    for (name, histogram) in hub.metrics.histograms() {
                        histogram.add(counts.get(name).map_or(&[], Vec::as_slice));
                    }
                }
                Message::End(ending) => {
                    hub.restore_watched(ending.watched);
                    return told.check(ending.totals);
                }
                Message::Refused(why) => return Err(Error::HandOver(why)),
                Message::Monitor(_) | Message::Listeners(_) | Message::Prepared | Message::Ready => {
                    return Err(unexpected());
                }
            }
        }
    }

    fn check(mut self, totals: Totals) -> Result<Self, Error> {
        self.drained = totals.drained;
        let is_all = (self.connections.len(), self.requests.len()) == (totals.connections, totals.requests);
        if is_all { Ok(self) } else { Err(impossible("the number of connections")) }
    }
}

/// What the old server says in the end.
fn verdict(wire: &mut Wire) -> Result<Start, Error> {
    wire.extend(VERDICT);
    let until = |time: Duration| Start::After { deadline: Instant::now() + time };
    match wire.receive_byte().map_err(broken)? {
        Some(SERVE) => Ok(until(LETTING_GO)),
        // It has died, or cannot speak any more: whoever has the queue serves.
        None => Ok(until(LETTING_GO_DEAD)),
        Some(_) => Err(Error::HandOver("the old server serves on".to_owned())),
    }
}

fn pair<T>(pairs: &mut Vec<(T, OwnedFd)>, states: Vec<T>, descriptors: Vec<OwnedFd>) -> Result<(), Error> {
    if states.len() != descriptors.len() {
        return Err(impossible("a number of descriptors"));
    }
    pairs.extend(states.into_iter().zip(descriptors));
    Ok(())
}

fn broken(error: io::Error) -> Error {
    Error::System("the hand-over", error)
}

fn impossible(what: &str) -> Error {
    Error::HandOver(format!("what the old server told cannot be understood: {what}"))
}

fn unexpected() -> Error {
    impossible("a message at the wrong time")
}
