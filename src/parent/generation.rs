//! One generation, seen from its parent.

use super::Happening;
use super::life::Life;
use super::words::{Order, Word};
use crate::handover::wire::Wire;
use crate::systemd::{self, Activated};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

/// The variable that tells a process that it is a generation, and that its standard input is the way to its parent.
pub(super) const MARK: &str = "CANYON_GENERATION";

/// What the variable says: the words that the parent knows. The first parents said 1 and did not know [`Word::Alive`].
pub(super) const KNOWS_ALIVE: u32 = 2;

/// How long a generation may take until it serves, before it is not believed to get there: PHP may have to warm up.
pub(super) const START_TIME: Duration = Duration::from_secs(60);

/// How generations are started.
#[derive(Debug, Clone)]
pub(super) struct Start {
    pub(super) command: Vec<OsString>,
    /// Where, if not where the parent was started.
    pub(super) directory: Option<PathBuf>,
}

/// A process that serves, will serve, or has served.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) pid: Pid,
    pub(super) has_served: bool,
    pub(super) life: Life,
    wire: Wire,
    /// Dropped on the other side once all that it said was heard.
    silence: oneshot::Receiver<()>,
}

impl Generation {
    /// Starts it; what it says happens in `happenings`.
    pub(super) fn start(start: &Start, happenings: &UnboundedSender<Happening>) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let [program, arguments @ ..] = &start.command[..] else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let mut command = Command::new(program);
        command.args(arguments).env(MARK, KNOWS_ALIVE.to_string()).stdin(Stdio::from(OwnedFd::from(theirs)));
        if let Some(directory) = &start.directory {
            command.current_dir(directory);
        }
        systemd::hide_from(&mut command);
        // A group of its own: Ctrl-C is for the parent, who passes it on once.
        let child = command.process_group(0).spawn()?;
        let pid = Pid::from_child(&child);
        // The child is waited for with all the others.
        drop((child, command));
        let mut listening = Wire::patient(ours.try_clone()?);
        let happenings = happenings.clone();
        let (speech, silence) = oneshot::channel();
        std::thread::Builder::new().name("canyon-listen".to_owned()).stack_size(128 << 10).spawn(
            move || {
                while let Ok((word, _)) = listening.receive::<Word>() {
                    if happenings.send(Happening::Said(pid, word)).is_err() {
                        break;
                    }
                }
                drop::<oneshot::Sender<()>>(speech);
            },
        )?;
        Ok(Self { pid, has_served: false, life: Life::begun(), wire: Wire::patient(ours), silence })
    }

    /// Lets it begin, with the sockets that systemd has opened; the way to the one before it, if there is one, comes along.
    pub(super) fn begin(&mut self, sockets: &[Activated], former: Option<&OwnedFd>) {
        if !sockets.is_empty() {
            let names = sockets.iter().map(|socket| socket.name().to_owned()).collect();
            let descriptors: Vec<_> = sockets.iter().map(AsFd::as_fd).collect();
            self.order(&Order::Sockets { names }, &descriptors);
        }
        let former: Vec<_> = former.into_iter().map(AsFd::as_fd).collect();
        self.order(&Order::Begin, &former);
    }

    /// If it has ended, waits until all that it said is among the happenings: the thread that listens may be late.
    pub(super) async fn hear_out(&mut self, patience: Duration) {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        if let Ok(Some(_)) = waitid(WaitId::Pid(self.pid), look) {
            // What it started itself may hold its end open still.
            let _ = tokio::time::timeout(patience, &mut self.silence).await;
        }
    }

    /// Tells it something. If it is dead that is noticed elsewhere.
    pub(super) fn order(&mut self, order: &Order, along: &[BorrowedFd<'_>]) {
        let _ = self.wire.send(order, along);
    }

    pub(super) fn signal(&self, signal: Signal) {
        // It may have ended already.
        let _ = kill_process(self.pid, signal);
    }
}

/// The directory as it is to be used for a start.
pub(super) fn directory(path: &Path) -> Option<PathBuf> {
    path.is_dir().then(|| path.to_owned())
}
