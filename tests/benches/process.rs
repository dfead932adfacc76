//! What the kernel says about a process.

use crate::Result;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use std::fs;
use std::time::{Duration, Instant};

/// Descriptors asked for: enough for 50,000 connections.
const DESCRIPTORS: u64 = 65_536;

/// Raises the limit of open files as far as it goes; servers started later inherit it.
pub(crate) fn raise_descriptor_limit() -> Result<()> {
    let now = getrlimit(Resource::Nofile);
    let wanted = now.maximum.map_or(DESCRIPTORS, |maximum| maximum.max(DESCRIPTORS));
    let raised = Rlimit { current: Some(wanted), maximum: Some(wanted) };
    if setrlimit(Resource::Nofile, raised).is_err() {
        // Only root may go beyond the hard limit.
        setrlimit(Resource::Nofile, Rlimit { current: now.maximum, maximum: now.maximum })?;
    }
    Ok(())
}

/// How many files a process may have open.
pub(crate) fn descriptor_limit() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// How many connections a process can hold, its other files apart.
pub(crate) fn most_connections() -> usize {
    const OTHERS: u64 = 256;
    usize::try_from(descriptor_limit().saturating_sub(OTHERS)).unwrap_or(usize::MAX)
}

/// Bytes of physical memory that a process and its children have; what they share counts for each.
pub(crate) fn resident_bytes(pid: u32) -> Result<u64> {
    family(pid).into_iter().map(resident_bytes_of).sum()
}

/// A process, its children, and theirs.
fn family(pid: u32) -> Vec<u32> {
    let mut family = vec![pid];
    let mut next = 0;
    while let Some(pid) = family.get(next) {
        next += 1;
        let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { continue };
        for thread in threads.flatten() {
            // Some kernels have no such file: then the process alone counts.
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            family.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
    }
    family
}

fn resident_bytes_of(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")).ok_or("no VmRSS in /proc")?;
    Ok(kilobytes.trim().parse::<u64>()? * 1024)
}

/// Processor time, user and system, that the threads of a process and of its children have used so far.
///
/// From `schedstat`, which counts nanoseconds; `stat` counts hundredths of a second.
fn processor_time(pid: u32) -> Result<Duration> {
    let mut nanoseconds = 0;
    for pid in family(pid) {
        let threads = fs::read_dir(format!("/proc/{pid}/task"))
            .map_err(|error| format!("the server, process {pid}, is gone: {error}"))?;
        for thread in threads {
            // A thread may end meanwhile.
            let text = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
            nanoseconds += text.split(' ').next().unwrap_or_default().parse::<u64>().unwrap_or(0);
        }
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// Processor time that the calling thread has used so far.
pub(crate) fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Reads how much processor time a process uses over a while.
#[derive(Debug)]
pub(crate) struct Meter {
    pid: u32,
    start: Instant,
    used: Duration,
}

impl Meter {
    pub(crate) fn start(pid: u32) -> Result<Self> {
        Ok(Self { pid, start: Instant::now(), used: processor_time(pid)? })
    }

    /// Seconds on the clock since the start.
    pub(crate) fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    /// Processor seconds since the start.
    pub(crate) fn used(&self) -> Result<f64> {
        Ok(processor_time(self.pid)?.saturating_sub(self.used).as_secs_f64())
    }

    /// Of one processor, since the start.
    pub(crate) fn percent(&self) -> Result<f64> {
        Ok(self.used()? / self.seconds() * 100.0)
    }
}
