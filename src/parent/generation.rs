//! One generation, seen from its parent.

use super::Happening;
use super::words::{self, Order, Word};
use crate::handover::wire::Wire;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

/// The variable that tells a process that it is a generation, and that its standard input is the way to its parent.
pub(super) const MARK: &str = "CANYON_GENERATION";

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
        command.args(arguments).env(MARK, "1").stdin(Stdio::from(OwnedFd::from(theirs)));
        if let Some(directory) = &start.directory {
            command.current_dir(directory);
        }
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
        Ok(Self { pid, has_served: false, wire: Wire::patient(ours), silence })
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
    pub(super) fn order(&mut self, order: &Order, along: Option<&OwnedFd>) {
        let _ = words::send(&mut self.wire, order, along);
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
