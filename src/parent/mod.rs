//! The permanent parent: it owns the process id that a supervisor knows, and starts one *generation* of the server after
//! another.
//!
//! It holds no socket of any client and no state, so there is nothing in it that would have to be replaced. It
//!
//! * starts a generation, and its successor when asked to reload (SIGUSR2, or `canyon reload` through its [`door`]),
//! * brings the two together, who then hand over by themselves (see [`Server::give`](crate::server::Server::give)),
//! * starts a generation that died anew: at once the first time, then after a growing pause,
//! * passes SIGTERM and SIGINT on, and ends with the exit code of the generation,
//! * waits for every child there is, as process 1 of a container must.
//!
//! A generation is any command that becomes a server: `canyon serve`, or `php artisan canyon:start`. Its standard input is
//! the way to the parent. Standard input rather than a number in a variable, because any program passes it on.

mod child;
mod door;
mod generation;
mod pace;
mod words;

pub use child::{Parent, is_generation};
pub use door::{Answer, Question, ask};

use generation::{Generation, Start};
use pace::Pace;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, wait};
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot::Sender;
use words::{Order, Word};

/// How long a successor may take until its configuration is known to be good: PHP may have to warm up.
const START_TIME: Duration = Duration::from_secs(60);

/// How long a hand-over may take, to which both sides set narrower limits themselves.
const GIVE_TIME: Duration = Duration::from_secs(40);

/// How long a generation that has given everything may take to end.
const LEAVE_TIME: Duration = Duration::from_secs(10);

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
}

/// A reload on its way.
#[derive(Debug)]
struct Reload {
    successor: Generation,
    start: Start,
    asker: Option<Sender<Answer>>,
    deadline: Instant,
    stage: Stage,
    /// What the present generation gave, once it has.
    given: Option<Answer>,
    /// The queues of the successor, once it serves.
    serves: Option<Vec<PathBuf>>,
}

#[derive(Debug, PartialEq, Eq)]
enum Stage {
    Starting,
    Giving,
}

/// See the module.
#[derive(Debug)]
struct Keeper {
    start: Start,
    /// The generation that serves, or begins to.
    present: Option<Generation>,
    reload: Option<Reload>,
    /// Those who have given everything, and until when they may take to end.
    leaving: Vec<(Generation, Instant)>,
    /// When to start one again.
    restart: Option<Instant>,
    pace: Pace,
    doors: door::Doors,
    is_stopping: bool,
    /// With what the server ended that was told to stop.
    code: Option<u8>,
    happenings: UnboundedSender<Happening>,
}

/// Keeps a server running with `command` until it is told to stop; the exit code.
///
/// # Errors
/// If not even the first generation can be started.
pub fn keep(command: Vec<OsString>) -> io::Result<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (sender, happenings) = unbounded_channel();
        tokio::spawn(signals(sender.clone())?);
        let mut keeper = Keeper {
            start: Start { command, directory: None },
            present: None,
            reload: None,
            leaving: Vec::new(),
            restart: None,
            pace: Pace::default(),
            doors: door::Doors::default(),
            is_stopping: false,
            code: None,
            happenings: sender,
        };
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
    async fn run(&mut self, mut happenings: UnboundedReceiver<Happening>) -> u8 {
        loop {
            let due = self.next_deadline();
            let happening = tokio::select! {
                happening = happenings.recv() => happening,
                () = until(due) => None,
            };
            let ended = match happening {
                Some(Happening::Said(pid, word)) => {
                    self.hear(pid, word);
                    None
                }
                Some(Happening::Asked(question, asker)) => {
                    self.begin_reload(question, asker);
                    None
                }
                Some(Happening::Stop(signal)) => self.stop(signal),
                Some(Happening::Ended) => {
                    self.hear_last_words(&mut happenings).await;
                    self.reap()
                }
                None => self.pass_deadlines(Instant::now()),
            };
            if let Some(code) = ended {
                return code;
            }
        }
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
        self.pace.note_start(Instant::now());
        Ok(())
    }

    fn hear(&mut self, pid: Pid, word: Word) {
        if self.present.as_ref().is_some_and(|present| present.pid == pid) {
            self.hear_present(word);
        } else if self.reload.as_ref().is_some_and(|reload| reload.successor.pid == pid) {
            self.hear_successor(word);
        }
    }

    fn hear_present(&mut self, word: Word) {
        let Some(present) = &mut self.present else { return };
        match word {
            Word::Prepared => present.order(&Order::Begin, None),
            Word::Serving { queues } => {
                present.has_served = true;
                self.doors.open(&queues, &self.happenings);
            }
            Word::Given { clients, left_behind, drained, pause_us, .. } => {
                if let (Some(reload), Some(present)) = (&mut self.reload, self.present.take()) {
                    reload.given = Some(Answer::Reloaded { clients, cut: left_behind, drained, pause_us });
                    self.leaving.push((present, Instant::now() + LEAVE_TIME));
                }
                self.complete_reload();
            }
            Word::Kept(why) => self.refuse_reload(&why),
            // Its end follows.
            Word::Failed(_) => {}
        }
    }

    fn hear_successor(&mut self, word: Word) {
        let (Some(reload), present) = (&mut self.reload, &mut self.present) else { return };
        match word {
            Word::Prepared if reload.stage == Stage::Starting => {
                let (Some(present), Ok((ours, theirs))) = (present, UnixStream::pair()) else {
                    return self.refuse_reload("no server is left to take over from");
                };
                reload.stage = Stage::Giving;
                reload.deadline = Instant::now() + GIVE_TIME;
                present.order(&Order::Give, Some(&OwnedFd::from(ours)));
                reload.successor.order(&Order::Begin, Some(&OwnedFd::from(theirs)));
            }
            Word::Failed(why) if reload.stage == Stage::Starting => self.refuse_reload(&why),
            Word::Serving { queues } => {
                reload.serves = Some(queues);
                self.complete_reload();
            }
            // What the present generation makes of it counts.
            Word::Prepared | Word::Failed(_) | Word::Given { .. } | Word::Kept(_) => {}
        }
    }

    /// Ends a reload once the successor serves, and the present generation has said so or died. Which of the two is heard
    /// first is chance.
    fn complete_reload(&mut self) {
        let is_complete = |reload: &mut Reload| {
            reload.serves.is_some() && (reload.given.is_some() || self.present.is_none())
        };
        let Some(Reload { mut successor, start, asker, given, serves, .. }) =
            self.reload.take_if(is_complete)
        else {
            return;
        };
        successor.has_served = true;
        self.present = Some(successor);
        self.start = start;
        self.pace.note_start(Instant::now());
        self.doors.open(&serves.unwrap_or_default(), &self.happenings);
        tell(
            asker,
            given.unwrap_or_else(|| Answer::Replaced {
                replaced: "the old server died on the way, and the new one has taken over all clients"
                    .to_owned(),
            }),
        );
    }

    fn begin_reload(&mut self, question: Question, asker: Option<Sender<Answer>>) {
        let why = match &self.present {
            _ if self.is_stopping => "it stops",
            _ if self.reload.is_some() => "another reload is on its way",
            Some(present) if present.has_served => "",
            _ => "it is only starting",
        };
        if !why.is_empty() {
            return tell(asker, Answer::refused(why));
        }
        let mut start = self.start.clone();
        if let Some(command) = question.command {
            start.command = command.into_iter().map(OsString::from).collect();
        }
        if let Some(directory) = question.directory {
            start.directory = generation::directory(&directory);
            if start.directory.is_none() {
                let why = format!("there is no directory {}", directory.display());
                return tell(asker, Answer::refused(why));
            }
        }
        match Generation::start(&start, &self.happenings) {
            Ok(successor) => {
                let deadline = Instant::now() + START_TIME;
                let (stage, given, serves) = (Stage::Starting, None, None);
                self.reload = Some(Reload { successor, start, asker, deadline, stage, given, serves });
            }
            Err(error) => tell(asker, Answer::refused(format!("the new server cannot be started: {error}"))),
        }
    }

    /// Ends a reload of which nothing came.
    fn refuse_reload(&mut self, why: &str) {
        if let Some(reload) = self.reload.take() {
            reload.successor.signal(Signal::KILL);
            tell(reload.asker, Answer::refused(why));
        }
    }

    fn stop(&mut self, signal: Signal) -> Option<u8> {
        self.is_stopping = true;
        self.present.iter().for_each(|present| present.signal(signal));
        match &self.reload {
            // Either may be the one that serves.
            Some(reload) if reload.stage == Stage::Giving => reload.successor.signal(signal),
            _ => self.refuse_reload("it stops"),
        }
        self.restart.take().map(|_| 0)
    }

    /// Waits for all children that have ended; the exit code, if that is the end.
    fn reap(&mut self) -> Option<u8> {
        let mut end = None;
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            self.leaving.retain(|(generation, _)| generation.pid != pid);
            if self.reload.as_ref().is_some_and(|reload| reload.successor.pid == pid) {
                self.bury_successor(&status);
            } else if let Some(present) = self.present.take_if(|present| present.pid == pid) {
                end = end.or(self.bury_present(&present, &status));
            }
        }
        if self.is_stopping {
            self.code = self.code.max(end);
            let is_anybody_left = self.present.is_some() || self.reload.is_some() || !self.leaving.is_empty();
            return (!is_anybody_left).then(|| self.code.unwrap_or(0));
        }
        end
    }

    fn bury_present(&mut self, present: &Generation, status: &WaitStatus) -> Option<u8> {
        let is_giving = self.reload.as_ref().is_some_and(|reload| reload.stage == Stage::Giving);
        match code(status) {
            // Who serves now shows when the successor says so, or ends.
            _ if is_giving && !self.is_stopping => {
                self.complete_reload();
                return None;
            }
            code if self.is_stopping || !present.has_served && self.reload.is_none() => return Some(code),
            0 => return Some(0),
            _ => {}
        }
        self.refuse_reload("the server has died");
        self.restart(status);
        None
    }

    fn bury_successor(&mut self, status: &WaitStatus) {
        let Some(reload) = &self.reload else { return };
        match (&self.present, &reload.stage) {
            (Some(_), Stage::Starting) => {
                let how = describe(status);
                self.refuse_reload(&format!("the new server {how} before it was ready; its log says more"));
            }
            // The present generation notices, and says so.
            (Some(_), Stage::Giving) => {}
            (None, _) => {
                self.refuse_reload("the new server has died after it had taken over");
                if !self.is_stopping {
                    self.restart(status);
                }
            }
        }
    }

    /// Has a generation started again.
    fn restart(&mut self, status: &WaitStatus) {
        let pause = self.pace.next(Instant::now());
        let (how, seconds) = (describe(status), pause.as_secs());
        tracing::error!("the server {how}; a new one starts in {seconds} s, events wait in their queues");
        self.restart = Some(Instant::now() + pause);
    }

    fn next_deadline(&self) -> Option<Instant> {
        let leaving = self.leaving.iter().map(|(_, deadline)| *deadline);
        let reload = self.reload.iter().map(|reload| reload.deadline);
        leaving.chain(reload).chain(self.restart).min()
    }

    fn pass_deadlines(&mut self, now: Instant) -> Option<u8> {
        for (former, deadline) in &mut self.leaving {
            if *deadline <= now {
                tracing::warn!(pid = %former.pid.as_raw_nonzero(), "the former server does not end: it is killed");
                former.signal(Signal::KILL);
                *deadline = now + LEAVE_TIME;
            }
        }
        if self.reload.as_ref().is_some_and(|reload| reload.deadline <= now) {
            self.refuse_reload("the new server was not ready in time");
        }
        if self.restart.is_some_and(|restart| restart <= now)
            && let Err(error) = self.start()
        {
            tracing::error!(%error, "the server cannot be started");
            self.restart = Some(now + self.pace.next(now));
        }
        None
    }
}

fn tell(asker: Option<Sender<Answer>>, answer: Answer) {
    match &answer {
        Answer::Reloaded { .. } | Answer::Replaced { .. } => tracing::info!("{answer}"),
        Answer::Refused { .. } => tracing::warn!("{answer}"),
    }
    if let Some(asker) = asker {
        // It may have gone.
        let _ = asker.send(answer);
    }
}

/// The exit code that says the same as the status, as shells have it.
fn code(status: &WaitStatus) -> u8 {
    let code = status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

fn describe(status: &WaitStatus) -> String {
    match status.terminating_signal() {
        Some(signal) => format!("was killed by signal {signal}"),
        None => format!("ended with exit code {}", code(status)),
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
