//! The processes that a run starts, and their end, however the run ends.

use crate::{Result, signals};
use rustix::process::{Pid, Signal, kill_process};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What has to be undone when a signal ends the run.
static STARTED: Mutex<Started> = Mutex::new(Started { pids: Vec::new(), directories: Vec::new() });

struct Started {
    pids: Vec<Pid>,
    directories: Vec<PathBuf>,
}

fn started() -> MutexGuard<'static, Started> {
    STARTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on SIGINT and SIGTERM end the run with everything that it started.
pub(crate) fn stop_on_signals() -> Result<()> {
    signals::on_end(|| {
        let started = started();
        for pid in &started.pids {
            let _ = kill_process(*pid, Signal::TERM);
        }
        // Time to remove what is theirs; then the directories go.
        std::thread::sleep(Duration::from_millis(300));
        for directory in &started.directories {
            let _ = std::fs::remove_dir_all(directory);
        }
        std::process::exit(130);
    })?;
    Ok(())
}

/// A directory of its own for a server's queue: in shared memory, where queues live.
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn create() -> Result<Self> {
        let shared = Path::new("/dev/shm");
        let parent = if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() };
        let path = tempfile::Builder::new().prefix("canyon-bench-").tempdir_in(parent)?.keep();
        started().directories.push(path.clone());
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
        started().directories.retain(|path| *path != self.0);
    }
}

/// A child process. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pid: Pid,
}

impl Process {
    /// Starts `command` with pipes at its standard input and output.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{name} cannot be started: {error}"))?;
        let pid = Pid::from_child(&child);
        started().pids.push(pid);
        Ok(Self { child, pid })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the process prints.
    pub(crate) fn output(&mut self) -> Result<ChildStdout> {
        self.child.stdout.take().ok_or_else(|| "the output is being read already".into())
    }

    /// Writes a line to the process.
    pub(crate) fn tell(&mut self, line: &str) -> Result<()> {
        let input = self.child.stdin.as_mut().ok_or("the input is closed")?;
        writeln!(input, "{line}")?;
        Ok(input.flush()?)
    }

    /// Ends the process if it is still there after `limit`; until the guard is dropped.
    pub(crate) fn limit(&self, limit: Duration) -> Limit {
        let (done, is_done) = channel::<()>();
        let pid = self.pid;
        let guard = std::thread::spawn(move || {
            let is_late = is_done.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
            if is_late {
                let _ = kill_process(pid, Signal::KILL);
            }
            is_late
        });
        Limit { done, guard }
    }

    /// Waits for the end of a process that ends by itself.
    pub(crate) fn wait(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("it ended with {status}").into()) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let patience = Instant::now() + Duration::from_secs(5);
        let mut running = matches!(self.child.try_wait(), Ok(None));
        if running {
            let _ = kill_process(self.pid, Signal::TERM);
        }
        while running && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(5));
            running = matches!(self.child.try_wait(), Ok(None));
        }
        if running {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        started().pids.retain(|pid| *pid != self.pid);
    }
}

/// See [`Process::limit`].
#[derive(Debug)]
pub(crate) struct Limit {
    done: Sender<()>,
    guard: JoinHandle<bool>,
}

impl Limit {
    /// Whether the limit was reached. Ask before the process is waited for: after that its id may be another's.
    pub(crate) fn was_reached(self) -> bool {
        drop(self.done);
        self.guard.join().unwrap_or(true)
    }
}
