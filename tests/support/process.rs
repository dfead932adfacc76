//! Processes that the soak starts, and the signals it sends them. Whom it did not start it never signals: a process id
//! stays ours until we have waited for the process.

use crate::Result;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, kill_process_group, waitpgid};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

/// Nothing takes this long, and a soak that would hang ends by it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A process in a group of its own, with the processes that it forked. Dropping it ends them all.
///
/// What it forked becomes our child when it ends: see [`adopt_orphans`].
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pid: Pid,
    ended: Option<ExitStatus>,
    /// How what it forked ended, in our hands.
    pub(crate) orphans: Vec<(i32, WaitStatus)>,
    /// No process of the group is left, so its number may be another's by now.
    is_empty: bool,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.process_group(0).spawn().map_err(|error| format!("{name}: {error}"))?;
        let pid = Pid::from_child(&child);
        Ok(Self { child, pid, ended: None, orphans: Vec::new(), is_empty: false })
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// How it ended; `None` as long as it has not.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait()?;
        }
        Ok(self.ended)
    }

    /// Whether it has ended, and all it forked.
    pub(crate) fn is_over(&mut self) -> Result<bool> {
        while self.ended()?.is_some() && !self.is_empty {
            match waitpgid(self.pid, WaitOptions::NOHANG) {
                Ok(Some((pid, status))) => self.orphans.push((pid.as_raw_nonzero().get(), status)),
                Ok(None) => break,
                Err(Errno::CHILD) => self.is_empty = true,
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(self.is_empty)
    }

    /// Sends a signal to the process alone; false if it has ended.
    pub(crate) fn signal(&mut self, signal: Signal) -> Result<bool> {
        Ok(self.ended()?.is_none() && kill_process(self.pid, signal).is_ok())
    }

    /// Sends a signal to a process that it forked; false if that has ended.
    pub(crate) fn signal_forked(&mut self, pid: i32, signal: Signal) -> Result<bool> {
        let Some(pid) = Pid::from_raw(pid).filter(|_| self.has_forked(pid)) else { return Ok(false) };
        Ok(kill_process(pid, signal).is_ok())
    }

    /// Whether that is a process it forked, and no zombie. The parent never waits for it, so its id is not another's.
    pub(crate) fn has_forked(&self, pid: i32) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // After the name, which may hold anything: state, parent, group.
        let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let is_alive = fields.next().is_some_and(|state| state != "Z" && state != "X");
        let group = self.pid.as_raw_nonzero().get();
        pid != group && !self.is_empty && is_alive && fields.nth(1) == Some(&group.to_string())
    }

    /// Sends a signal to the process and all that it forked.
    pub(crate) fn signal_all(&mut self, signal: Signal) -> Result<()> {
        if !self.is_over()? {
            let _ = kill_process_group(self.pid, signal);
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.signal_all(Signal::KILL);
        let _ = self.child.wait();
        self.ended = self.child.try_wait().ok().flatten();
        // Killed as well, so this ends.
        while !self.is_empty && matches!(waitpgid(self.pid, WaitOptions::empty()), Ok(Some(_))) {}
    }
}

/// From now on, children of killed children are ours to wait for.
pub(crate) fn adopt_orphans() -> Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    Ok(())
}
