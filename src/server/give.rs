//! Giving everything to a successor: the old server's side of a hand-over.
//!
//! ```text
//!  old                                        successor
//!    │ ◄────────────────────────── hello ───────┤   both serve or prepare; nothing has happened yet
//!    ├─── listening sockets ──────────────────► │   binds what is new, builds itself
//!    │ ◄─────────────────────── prepared ───────┤
//!  halt: drains, accepting, workers stand still │   (here the pause begins)
//!    ├─── channels, clients, requests, … end ─► │   rebuilds them
//!    │ ◄────────────────────────── ready ───────┤
//!    ├─── SERVE, one byte ────────────────────► │   the point of no return
//!  lets go of the queue, ends                 takes the queue, delivers what waited, serves
//! ```
//!
//! While its threads stand still the old server changes nothing: to serve on, they go on. Who serves, if one side dies:
//!
//! | when                                     | old dies                          | successor dies or is late       |
//! |------------------------------------------|-----------------------------------|---------------------------------|
//! | before it has everything                 | nobody: a crash, a new one starts | the old serves on               |
//! | has everything, no byte was sent         | the successor                     | the old serves on               |
//! | the byte was sent                        | the successor                     | nobody: a crash, a new one starts |
//!
//! The old server says `KEEP` where it says anything after it has told everything and serves on. A successor that hears
//! neither byte, but the end, takes the old server for dead; if it is wrong in that (the old one could not even say `KEEP`),
//! it finds the queue taken and ends: the lock of the queue decides in the end, and only one can have it.
//!
//! "Nobody" is what every crash is: the parent starts a server anew, the events wait in their rings, and clients come back.

use super::Server;
use super::monitor::{Phase, Watch};
use crate::handover::fault;
use crate::handover::halt::{Halted, Order, Report, Unresponsive, halt};
use crate::handover::state::{Ending, FORMAT, Hello, KEEP, Message, SERVE, Totals};
use crate::handover::wire::Wire;
use crate::hub::Letter;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// Time for what happens before the pause.
pub(super) const PREPARATION: Duration = Duration::from_secs(10);

/// The longest pause: a successor that is not ready by then is given up.
pub(super) const PAUSE: Duration = Duration::from_secs(5);

/// Channels or remembered events in one message.
const BATCH: usize = 500;

/// What a server has given to its successor.
#[derive(Debug, Clone, Copy)]
pub struct Given {
    /// Clients that noticed nothing.
    pub clients: usize,
    /// Connections that spoke HTTP or had said nothing yet.
    pub requests: usize,
    /// Connections that spoke HTTP and had to be cut: their client did not read the answer.
    pub left_behind: usize,
    /// Clients over TLS, which were closed and come back by themselves.
    pub drained: usize,
    /// How long nothing was delivered, up to the moment at which the successor could.
    pub pause: Duration,
}

/// Threads that stand still. Dropped, it lets them go on.
#[derive(Debug, Default)]
struct Intermission<'a> {
    accepting: Vec<Halted>,
    workers: Vec<Halted>,
    dispatcher: Option<Halted>,
    monitor: Option<Rest<'a>>,
}

/// A monitor that accepts nobody until this is dropped: nobody shall get older figures from the old server than from its
/// successor before.
#[derive(Debug)]
struct Rest<'a> {
    watch: &'a Watch,
    then: Phase,
}

impl<'a> Rest<'a> {
    fn of(watch: &'a Watch) -> Self {
        watch.set(Phase::Resting);
        Self { watch, then: Phase::Accepting }
    }
}

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        self.watch.set(self.then);
    }
}

impl Server {
    /// Gives everything to the server at the other end of `channel`, which runs [`Server::take_over`]. After that this one
    /// serves nobody, and should be dropped.
    ///
    /// # Errors
    /// Says why not. Then nothing has happened: it serves on.
    pub fn give(&mut self, channel: UnixStream) -> Result<Given, String> {
        let mut wire = Wire::new(channel, PREPARATION);
        self.introduce(&mut wire)?;
        if let Some(app) = self.hub.held_app() {
            let why =
                format!("events of app {app} are still held back for clients that come back (start_hold)");
            return Err(refuse(&mut wire, why));
        }
        // Requests to webhooks are waited for before the pause, not in it.
        let mut intermission = Intermission::default();
        self.halt_dispatcher(&mut intermission)?;
        fault::at("old prepared");
        intermission.monitor = self.monitor.as_ref().map(Rest::of);
        let begun = Instant::now();
        wire.extend(PAUSE);
        self.halt_all(&mut intermission, begun + PAUSE)?;
        fault::at("old halted");
        let (mut wire, totals) = self.tell(&intermission, wire, begun + PAUSE)?;
        fault::at("old told");
        if let Err(why) = self.commit(&mut wire) {
            // Nobody may be left to hear it.
            let _ = wire.send_byte(KEEP);
            self.set_given(false);
            return Err(why);
        }
        let pause = begun.elapsed();
        fault::at("old committed");
        intermission.leave();
        self.is_given = true;
        let Totals { connections: clients, requests, left_behind, drained } = totals;
        Ok(Given { clients, requests, left_behind, drained, pause })
    }

    /// Finds out whether the two understand each other, and lets the successor prepare.
    fn introduce(&self, wire: &mut Wire) -> Result<(), String> {
        let (hello, _): (Hello, _) = wire.receive().map_err(|error| broken(&error))?;
        if hello.format != FORMAT {
            let why = format!(
                "version {} tells its state in format {}, version {} in format {FORMAT}: restart to change between them",
                hello.version,
                hello.format,
                env!("CARGO_PKG_VERSION"),
            );
            return Err(refuse(wire, why));
        }
        if let Some(watch) = &self.monitor {
            let message = Message::Monitor(watch.asked.clone());
            wire.send(&message, &[watch.as_fd()]).map_err(|error| broken(&error))?;
        }
        let descriptors: Vec<BorrowedFd<'_>> = self.listeners.iter().map(AsFd::as_fd).collect();
        wire.send(&Message::Listeners(self.asked.clone()), &descriptors).map_err(|error| broken(&error))?;
        expect(wire, "prepared", |message| matches!(message, Message::Prepared))
    }

    fn halt_dispatcher(&self, intermission: &mut Intermission<'_>) -> Result<(), String> {
        if let Some((dispatcher, _)) = &self.dispatcher {
            let (halt, halted) = halt();
            dispatcher.halt(halt);
            let halted = intermission.dispatcher.insert(halted);
            still(halted, Instant::now() + PREPARATION)?;
        }
        Ok(())
    }

    fn halt_all(&self, intermission: &mut Intermission<'_>, deadline: Instant) -> Result<(), String> {
        let (accepting, halted) = halt();
        intermission.accepting.push(halted);
        self.accept_halt.put(accepting);
        self.end_accepting.ring();
        for (drain, _) in &self.drains {
            let (halt, halted) = halt();
            intermission.accepting.push(halted);
            drain.halt(halt);
        }
        intermission.accepting.iter().try_for_each(|halted| still(halted, deadline))?;
        // After them: what they sent to the workers stands before this in the inboxes.
        for worker in 0..self.workers {
            let (halt, halted) = halt();
            intermission.workers.push(halted);
            self.hub.inbox(worker).send(Letter::Halt(halt));
        }
        intermission.workers.iter().try_for_each(|halted| still(halted, deadline))?;
        self.hub.settle_all();
        Ok(())
    }

    fn tell(
        &self,
        intermission: &Intermission<'_>,
        mut wire: Wire,
        deadline: Instant,
    ) -> Result<(Wire, Totals), String> {
        self.tell_of_channels(&mut wire).map_err(|error| reason(&mut wire, &error))?;
        let mut totals = Totals::default();
        for halted in intermission.workers.iter().chain(&intermission.dispatcher) {
            halted.order(Order::Tell(wire));
            let Ok(Report::Told(returned, told)) = halted.report_by(deadline) else {
                return Err(unresponsive());
            };
            wire = returned;
            let part = told.map_err(|error| reason(&mut wire, &error))?;
            totals.connections += part.connections;
            totals.requests += part.requests;
            totals.left_behind += part.left_behind;
            totals.drained += part.drained;
        }
        // Last: telling may still deliver something.
        self.tell_of_counts(&mut wire).map_err(|error| reason(&mut wire, &error))?;
        let ending = Ending { totals, watched: self.hub.watched() };
        wire.send(&Message::End(ending), &[]).map_err(|error| reason(&mut wire, &error))?;
        Ok((wire, totals))
    }

    fn tell_of_channels(&self, wire: &mut Wire) -> io::Result<()> {
        let mut channels = self.hub.channel_states();
        while !channels.is_empty() {
            let rest = channels.split_off(channels.len().min(BATCH));
            wire.send(&Message::Channels(std::mem::replace(&mut channels, rest)), &[])?;
        }
        let mut remembered = self.hub.remembered_states();
        while !remembered.is_empty() {
            let rest = remembered.split_off(remembered.len().min(BATCH));
            wire.send(&Message::Remembered(std::mem::replace(&mut remembered, rest)), &[])?;
        }
        Ok(())
    }

    fn tell_of_counts(&self, wire: &mut Wire) -> io::Result<()> {
        let counters = self.hub.metrics.counts().map(|(name, count)| (name.to_owned(), count)).collect();
        wire.send(&Message::Counters(counters), &[])?;
        let histograms =
            self.hub.metrics.histograms().map(|(name, one)| (name.to_owned(), one.counts().collect()));
        wire.send(&Message::Histograms(BTreeMap::from(histograms)), &[])
    }

    /// Waits until the successor is ready, and lets it serve.
    fn commit(&self, wire: &mut Wire) -> Result<(), String> {
        expect(wire, "ready", |message| matches!(message, Message::Ready))?;
        self.set_given(true);
        wire.send_byte(SERVE).map_err(|error| broken(&error))
    }
}

impl Intermission<'_> {
    /// Ends the threads: what they did is another process's to do. The drains first, as it waits for them to let go.
    fn leave(self) {
        let Self { accepting, workers, dispatcher, monitor } = self;
        if let Some(mut rest) = monitor {
            rest.then = Phase::Ended;
        }
        accepting.iter().chain(&workers).chain(&dispatcher).for_each(|halted| halted.order(Order::Leave));
    }
}

fn still(halted: &Halted, deadline: Instant) -> Result<(), String> {
    match halted.report_by(deadline) {
        Ok(Report::Still) => Ok(()),
        Ok(Report::Told(..) | Report::Restored(_)) | Err(Unresponsive) => Err(unresponsive()),
    }
}

fn expect(wire: &mut Wire, what: &str, is_it: impl FnOnce(&Message) -> bool) -> Result<(), String> {
    let (message, _) = wire.receive().map_err(|error| broken(&error))?;
    match message {
        Message::Refused(why) => Err(why),
        message if is_it(&message) => Ok(()),
        _ => Err(format!("the successor said something else than that it is {what}")),
    }
}

/// Tells the successor why not.
fn refuse(wire: &mut Wire, why: String) -> String {
    // It hears of it, or notices the end.
    let _ = wire.send(&Message::Refused(why.clone()), &[]);
    why
}

/// Why a message could not be sent: the successor may have said so before it hung up.
fn reason(wire: &mut Wire, error: &io::Error) -> String {
    if [io::ErrorKind::BrokenPipe, io::ErrorKind::ConnectionReset].contains(&error.kind())
        && let Ok((Message::Refused(why), _)) = wire.receive()
    {
        return why;
    }
    broken(error)
}

fn broken(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
            "the successor ended before it was ready".to_owned()
        }
        io::ErrorKind::TimedOut => "the successor was not ready in time".to_owned(),
        _ => format!("the successor: {error}"),
    }
}

fn unresponsive() -> String {
    "a thread of the server does not answer".to_owned()
}
