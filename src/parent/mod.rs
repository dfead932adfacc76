//! The permanent parent: it owns the process id that a supervisor knows, and starts one *generation* of the server after
//! another.
//!
//! It holds no socket of any client and no state, so there is nothing in it that would have to be replaced. It
//!
//! * starts a generation, and its successor when asked to reload (SIGUSR2, or `canyon reload` through its [`door`]),
//! * brings the two together, who then hand over by themselves (see [`Server::give`](crate::server::Server::give)),
//! * starts a generation that died anew: at once the first time, then after a growing pause,
//! * kills a generation that does not get on any more, and starts another one (see [`life`]),
//! * keeps the listening sockets that systemd has opened, and tells it how the server is (see [`systemd`](crate::systemd)),
//! * passes SIGTERM and SIGINT on, and ends with the exit code of the generation,
//! * waits for every child there is, as process 1 of a container must.
//!
//! A generation is any command that becomes a server: `canyon serve`, or `php artisan canyon:start`. Its standard input is
//! the way to the parent. Standard input rather than a number in a variable, because any program passes it on.

mod alone;
mod child;
mod door;
mod ending;
mod generation;
mod life;
mod pace;
mod pulse;
mod reload;
mod watch;
mod words;

pub use alone::Alone;
pub use child::{Parent, is_generation};
pub use door::{Answer, Question, ask};

use crate::systemd::{Activated, Notifier, State};
use generation::{Generation, Start};
use life::LOOK;
use pace::Pace;
use reload::Reload;
use rustix::process::{Pid, Signal};
use std::ffi::OsString;
use std::io;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot::Sender;
use tokio::time::MissedTickBehavior;
use words::Word;

/// How long a generation that has given everything may take to end.
const LEAVE_TIME: Duration = Duration::from_secs(10);

/// How long a server may take to end beyond the time in which it closes its clients: requests and webhooks are finished.
const END_TIME: Duration = Duration::from_secs(15);

/// How long a child's last words may take from its socket to where they are heard, on a machine that has much to do.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Everything that a parent has to react to.
#[derive(Debug)]
enum Happening {
    Said(Pid, Word),
    Asked(Question, Option<Sender<Answer>>),
    /// SIGTERM or SIGINT.
    Stop(Signal),
    /// Children have ended.
    Ended,
    /// Time has gone by.
    Look,
}

/// See the module.
#[derive(Debug)]
struct Keeper {
    start: Start,
    /// What systemd has opened for all of them.
    sockets: Vec<Activated>,
    notifier: Notifier,
    /// The generation that serves, or begins to.
    present: Option<Generation>,
    /// How many there were that served.
    generations: u64,
    reload: Option<Reload>,
    /// Why the last reload came to nothing, if it did.
    refusal: Option<String>,
    /// Those who have given everything, and until when they may take to end.
    leaving: Vec<(Generation, Instant)>,
    /// When to start one again.
    restart: Option<Instant>,
    pace: Pace,
    looks: u32,
    doors: door::Doors,
    is_stopping: bool,
    /// With what the server ended that was told to stop.
    code: Option<u8>,
    happenings: UnboundedSender<Happening>,
}

/// Keeps a server running with `command` until it is told to stop; the exit code.
///
/// # Errors
/// If not even the first generation can be started, or if systemd gives a socket that cannot be listened on.
pub fn keep(command: Vec<OsString>) -> io::Result<u8> {
    let (sockets, notifier) = (Activated::from_environment()?, Notifier::from_environment());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (sender, happenings) = unbounded_channel();
        tokio::spawn(signals(sender.clone())?);
        let start = Start { command, directory: None };
        let mut keeper = Keeper::new(start, sockets, notifier, sender);
        keeper.start()?;
        Ok(keeper.run(happenings).await)
    })
}

/// Installs the handlers at once; the future tells of the signals.
fn signals(happenings: UnboundedSender<Happening>) -> io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (mut reload, mut child) = (signal(SignalKind::user_defined2())?, signal(SignalKind::child())?);
    Ok(async move {
        loop {
            let happening = tokio::select! {
                _ = terminate.recv() => Happening::Stop(Signal::TERM),
                _ = interrupt.recv() => Happening::Stop(Signal::INT),
                _ = reload.recv() => Happening::Asked(Question::default(), None),
                _ = child.recv() => Happening::Ended,
            };
            if happenings.send(happening).is_err() {
                return;
            }
        }
    })
}

impl Keeper {
    fn new(
        start: Start,
        sockets: Vec<Activated>,
        notifier: Notifier,
        happenings: UnboundedSender<Happening>,
    ) -> Self {
        Self {
            start,
            sockets,
            notifier,
            present: None,
            generations: 0,
            reload: None,
            refusal: None,
            leaving: Vec::new(),
            restart: None,
            pace: Pace::default(),
            looks: 0,
            doors: door::Doors::default(),
            is_stopping: false,
            code: None,
            happenings,
        }
    }

    async fn run(&mut self, mut happenings: UnboundedReceiver<Happening>) -> u8 {
        // A parent that stood still has not looked meanwhile, and does not make up for it.
        let mut clock = tokio::time::interval(LOOK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let due = self.next_deadline();
            let happening = tokio::select! {
                happening = happenings.recv() => happening,
                _ = clock.tick() => Some(Happening::Look),
                () = until(due) => None,
            };
            let ended = match happening {
                Some(Happening::Stop(signal)) => self.stop(signal),
                Some(Happening::Ended) => {
                    self.hear_last_words(&mut happenings).await;
                    self.reap()
                }
                Some(Happening::Said(pid, word)) => self.go_on(|keeper| keeper.hear(pid, word)),
                Some(Happening::Asked(question, asker)) => {
                    self.go_on(|keeper| keeper.begin_reload(question, asker))
                }
                Some(Happening::Look) => self.go_on(Self::look),
                None => self.go_on(|keeper| keeper.pass_deadlines(Instant::now())),
            };
            if let Some(code) = ended {
                return code;
            }
        }
    }

    /// Does something that is never the end.
    fn go_on(&mut self, does: impl FnOnce(&mut Self)) -> Option<u8> {
        does(self);
        None
    }

    /// Hears what children said before they ended, which other threads have read.
    async fn hear_last_words(&mut self, happenings: &mut UnboundedReceiver<Happening>) {
        let successor = self.reload.iter_mut().map(|reload| &mut reload.successor);
        for generation in self.present.iter_mut().chain(successor) {
            generation.hear_out(LAST_WORDS).await;
        }
        let mut others = Vec::new();
        while let Ok(happening) = happenings.try_recv() {
            match happening {
                Happening::Said(pid, word) => self.hear(pid, word),
                other => others.push(other),
            }
        }
        for other in others {
            // The receiver is here.
            let _ = self.happenings.send(other);
        }
    }

    fn start(&mut self) -> io::Result<()> {
        self.present = Some(Generation::start(&self.start, &self.happenings)?);
        self.restart = None;
        self.refusal = None;
        self.pace.note_start(Instant::now());
        Ok(())
    }

    fn hear(&mut self, pid: Pid, word: Word) {
        if self.present.as_ref().is_some_and(|present| present.pid == pid) {
            self.hear_present(word);
        } else if self.is_successor(pid) {
            self.hear_successor(word);
        }
    }

    fn hear_present(&mut self, word: Word) {
        let Some(present) = &mut self.present else { return };
        match word {
            Word::Prepared => present.begin(&self.sockets, None),
            Word::Serving { queues, version, drain_seconds, has_pulse } => {
                present.has_served = true;
                present.life.serves(version, drain_seconds, has_pulse);
                self.generations += 1;
                self.doors.open(&queues, &self.happenings);
                if !self.is_stopping {
                    self.notifier.tell(&[State::Ready, State::Status(&self.status())]);
                }
            }
            Word::Alive { connections } => present.life.note(connections),
            Word::Given { clients, left_behind, drained, pause_us, .. } => {
                self.note_given(Answer::Reloaded { clients, cut: left_behind, drained, pause_us });
            }
            Word::Kept(why) => self.refuse_reload(&why),
            // Its end follows.
            Word::Failed(_) => {}
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
