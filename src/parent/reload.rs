//! A reload: the next generation is started beside the present one, and the two are brought together.

use super::generation::{self, Generation, START_TIME, Start};
use super::words::{Order, Word};
use super::{Answer, Keeper, LEAVE_TIME, Question};
use crate::systemd::State;
use rustix::process::Signal;
use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};
use tokio::sync::oneshot::Sender;

/// How long a hand-over may take, to which both sides set narrower limits themselves.
const GIVE_TIME: Duration = Duration::from_secs(40);

/// A reload on its way.
#[derive(Debug)]
pub(super) struct Reload {
    pub(super) successor: Generation,
    start: Start,
    asker: Option<Sender<Answer>>,
    pub(super) deadline: Instant,
    pub(super) stage: Stage,
    /// What the present generation gave, once it has.
    given: Option<Answer>,
    /// What the successor said of itself, once it serves.
    pub(super) serves: Option<Word>,
    /// Whether the successor has died, which the present generation notices, if it lives.
    pub(super) has_failed: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Starting,
    Giving,
}

impl Reload {
    pub(super) fn new(successor: Generation, start: Start, asker: Option<Sender<Answer>>) -> Self {
        let (stage, deadline) = (Stage::Starting, Instant::now() + START_TIME);
        Self { successor, start, asker, deadline, stage, given: None, serves: None, has_failed: false }
    }
}

impl Keeper {
    pub(super) fn begin_reload(&mut self, question: Question, asker: Option<Sender<Answer>>) {
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
                self.notifier.tell(&[State::Reloading, State::Status("Reloading")]);
                self.reload = Some(Reload::new(successor, start, asker));
            }
            Err(error) => {
                tell(asker, Answer::refused(format!("the new server cannot be started: {error}")));
            }
        }
    }

    pub(super) fn hear_successor(&mut self, word: Word) {
        let (Some(reload), present) = (&mut self.reload, &mut self.present) else { return };
        match word {
            Word::Prepared if reload.stage == Stage::Starting => {
                let (Some(present), Ok((ours, theirs))) = (present, UnixStream::pair()) else {
                    return self.refuse_reload("no server is left to take over from");
                };
                reload.stage = Stage::Giving;
                reload.deadline = Instant::now() + GIVE_TIME;
                present.order(&Order::Give, &[ours.as_fd()]);
                reload.successor.begin(&self.sockets, Some(&OwnedFd::from(theirs)));
            }
            Word::Failed(why) if reload.stage == Stage::Starting => self.refuse_reload(&why),
            word @ Word::Serving { .. } => {
                reload.serves = Some(word);
                self.complete_reload();
            }
            Word::Alive { connections } => reload.successor.life.note(connections),
            // What the present generation makes of it counts.
            Word::Prepared | Word::Failed(_) | Word::Given { .. } | Word::Kept(_) => {}
        }
    }

    /// Notes what the present generation gave.
    pub(super) fn note_given(&mut self, given: Answer) {
        if let (Some(reload), Some(present)) = (&mut self.reload, self.present.take()) {
            reload.given = Some(given);
            self.leaving.push((present, Instant::now() + LEAVE_TIME));
        }
        self.complete_reload();
    }

    /// Ends a reload once the successor serves, and the present generation has said so or died. Which of the two is heard
    /// first is chance.
    pub(super) fn complete_reload(&mut self) {
        let is_complete = |reload: &mut Reload| {
            reload.serves.is_some() && (reload.given.is_some() || self.present.is_none())
        };
        let Some(Reload { successor, start, asker, given, serves, .. }) = self.reload.take_if(is_complete)
        else {
            return;
        };
        self.present = Some(successor);
        self.start = start;
        self.pace.note_start(Instant::now());
        self.refusal = None;
        serves.into_iter().for_each(|word| self.hear_present(word));
        tell(
            asker,
            given.unwrap_or_else(|| Answer::Replaced {
                replaced: "the old server died on the way, and the new one has taken over all clients"
                    .to_owned(),
            }),
        );
    }

    /// Ends a reload of which nothing came.
    pub(super) fn refuse_reload(&mut self, why: &str) {
        if let Some(reload) = self.reload.take() {
            reload.successor.signal(Signal::KILL);
            // A mistake in a file is shown over several lines.
            self.refusal = why.lines().next().map(str::to_owned);
            // Whoever asked goes on at once: `systemctl reload` looks at the state that systemd knows then.
            self.notifier.tell(&[State::Ready, State::Status(&self.status())]);
            tell(reload.asker, Answer::refused(why));
        }
    }

    /// A reload that is on its way to the clients: who serves them is not known yet.
    pub(super) fn is_giving(&self) -> bool {
        self.reload.as_ref().is_some_and(|reload| reload.stage == Stage::Giving)
    }

    /// Whether this is the generation that is to come.
    pub(super) fn is_successor(&self, pid: rustix::process::Pid) -> bool {
        self.reload.as_ref().is_some_and(|reload| reload.successor.pid == pid)
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
