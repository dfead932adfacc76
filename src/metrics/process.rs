//! What the system says of this process, under the names that all Prometheus clients use.

use super::Exposition;
use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};
use std::fs;

/// Adds the process's metrics; those that the system does not tell have no samples.
pub fn expose(page: &mut Exposition) {
    let memory = fs::read_to_string("/proc/self/statm").ok().and_then(|text| memory(&text));
    let times = fs::read_to_string("/proc/self/stat").ok().and_then(|text| times(&text));
    let booted = fs::read_to_string("/proc/stat").ok().and_then(|text| boot_time(&text));
    let mut add = |name, help, value: Option<f64>| {
        let mut family = page.gauge(name, help);
        value.into_iter().for_each(|value| family.value(value));
    };
    let bytes = |pages: u64| pages as f64 * page_size() as f64;
    let seconds = |ticks: u64| ticks as f64 / clock_ticks_per_second() as f64;
    add(
        "process_resident_memory_bytes",
        "Memory of the process in RAM, shared pages included.",
        memory.map(|(_, resident)| bytes(resident)),
    );
    add("process_virtual_memory_bytes", "Address space of the process.", memory.map(|(size, _)| bytes(size)));
    add("process_open_fds", "Open file descriptors: one for each connection, and some more.", open_fds());
    add(
        "process_max_fds",
        "File descriptors that may be open.",
        getrlimit(Resource::Nofile).current.map(|limit| limit as f64),
    );
    add(
        "process_start_time_seconds",
        "When the process started, in seconds since 1970.",
        times.zip(booted).map(|(times, booted)| booted as f64 + seconds(times.started)),
    );
    let mut family = page.counter("process_cpu_seconds_total", "Processor time that the process used.");
    times.into_iter().for_each(|times| family.value(seconds(times.used)));
}

/// In clock ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Times {
    used: u64,
    /// Since the system's start.
    started: u64,
}

/// Pages of the address space, and of those in RAM.
fn memory(statm: &str) -> Option<(u64, u64)> {
    let mut fields = statm.split(' ').map(str::parse);
    Some((fields.next()?.ok()?, fields.next()?.ok()?))
}

fn times(stat: &str) -> Option<Times> {
    // The name of the process, in brackets, may hold anything; what follows begins with the third field.
    let (_, rest) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some(Times { used: field(14)? + field(15)?, started: field(22)? })
}

fn boot_time(stat: &str) -> Option<u64> {
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

fn open_fds() -> Option<f64> {
    // Linux 6.2 and newer tell how many there are as the folder's size.
    let told = fs::metadata("/proc/self/fd").ok()?.len();
    if told > 0 {
        return Some(told as f64);
    }
    // One of them is that of the folder itself.
    Some(fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_proc_says_is_understood() {
        assert_eq!(memory("5000 1234 800 1 0 400 0\n"), Some((5000, 1234)));
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 98765 1 2 3";
        assert_eq!(times(stat), Some(Times { used: 300, started: 98765 }));
        assert_eq!(boot_time("cpu 1 2\nbtime 1700000000\nprocesses 5\n"), Some(1_700_000_000));
        for nonsense in ["", "x", "1 (x) S"] {
            assert_eq!((memory(nonsense), times(nonsense), boot_time(nonsense)), (None, None, None));
        }
    }

    #[test]
    fn this_process_is_known() {
        let mut page = Exposition::default();
        expose(&mut page);
        let text = page.into_text();
        let value = |name: &str| -> f64 {
            let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
            line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
        };
        assert!(value("process_resident_memory_bytes") > 100_000.0);
        assert!(value("process_virtual_memory_bytes") > value("process_resident_memory_bytes"));
        assert!(value("process_open_fds") >= 3.0 && value("process_max_fds") > value("process_open_fds"));
        assert!(value("process_start_time_seconds") > 1_600_000_000.0);
        assert!(value("process_cpu_seconds_total") >= 0.0);
    }
}
