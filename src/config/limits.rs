//! Limits of the whole server against those who take too much of it.

use serde::Deserialize;
use std::path::Path;

/// How many seconds' worth of a limit per second may come at once.
pub(crate) const BURST_SECONDS: u32 = 10;

/// Bytes that a connection may send in a second; 0 is no limit.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u32")]
pub struct BytesPerSecond(pub(super) u32);

impl BytesPerSecond {
    /// What may come at once has room for the largest message that a client may send.
    const LEAST: u32 = 8 << 10;

    /// So that what may come at once can be counted.
    const MOST: u32 = u32::MAX / (BURST_SECONDS + 1);
}

impl TryFrom<u32> for BytesPerSecond {
    type Error = String;

    fn try_from(bytes: u32) -> Result<Self, String> {
        let (least, most) = (Self::LEAST, Self::MOST);
        if bytes == 0 || (least..=most).contains(&bytes) {
            Ok(Self(bytes))
        } else {
            Err(format!("max_bytes_per_second must be 0 (no limit) or {least} to {most}, not {bytes}"))
        }
    }
}

/// Something that may happen so often in a second; 0 is no limit.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u32")]
pub struct PerSecond(pub(super) u32);

impl TryFrom<u32> for PerSecond {
    type Error = String;

    fn try_from(times: u32) -> Result<Self, String> {
        const MOST: u32 = 1_000_000;
        if times <= MOST {
            Ok(Self(times))
        } else {
            Err(format!("a number per second must be 0 (no limit) to {MOST}, not {times}"))
        }
    }
}

/// Bytes that may wait for all clients together; 0 is no limit.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u64")]
pub struct OutboxBytes(pub(super) u64);

impl TryFrom<u64> for OutboxBytes {
    type Error = String;

    fn try_from(bytes: u64) -> Result<Self, String> {
        // Less than this is what a few healthy clients have on its way.
        const LEAST: u64 = 1 << 20;
        if bytes == 0 || bytes >= LEAST {
            Ok(Self(bytes))
        } else {
            Err(format!("max_outbox_bytes must be 0 (no limit) or {LEAST} or more, not {bytes}"))
        }
    }
}

impl Default for OutboxBytes {
    /// A quarter of the memory that the server may use: the database and PHP are on the same machine, and what waits for
    /// clients who do not read is the first that can be done without.
    fn default() -> Self {
        const UNKNOWN: u64 = 1 << 30;
        let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
        let group = std::fs::read_to_string("/proc/self/cgroup").ok();
        let group = group.and_then(|text| most_of_group(&text, Path::new("/sys/fs/cgroup")));
        Self(machine.into_iter().chain(group).min().unwrap_or(UNKNOWN) / 4)
    }
}

/// Bytes of memory that the machine has.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok().map(|kib: u64| kib << 10)
}

/// Bytes that the control group of the process may have: the least that it or any group around it says.
fn most_of_group(groups: &str, root: &Path) -> Option<u64> {
    let limit = |file: &Path| std::fs::read_to_string(file).ok()?.trim().parse::<u64>().ok();
    let least = |base: &Path, group: &str, name: &str| {
        let group = base.join(group.trim_start_matches('/'));
        group
            .ancestors()
            .take_while(|folder| folder.starts_with(base))
            .filter_map(|at| limit(&at.join(name)))
            .min()
    };
    groups
        .lines()
        .filter_map(|line| match line.splitn(3, ':').collect::<Vec<_>>()[..] {
            ["0", "", group] => least(root, group, "memory.max"),
            [_, controllers, group] if controllers.split(',').any(|one| one == "memory") => {
                least(&root.join("memory"), group, "memory.limit_in_bytes")
            }
            _ => None,
        })
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_the_machine_is_read() {
        assert_eq!(total("MemTotal:       16384 kB\nMemFree: 1 kB\n"), Some(16 << 20));
        assert_eq!(total("nothing"), None);
        assert!(OutboxBytes::default().0 >= 1 << 20);
    }

    #[test]
    fn the_strictest_group_counts() {
        let root = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put("a.slice/memory.max", "5000\n");
        put("a.slice/b.service/memory.max", "max\n");
        put("memory/docker/x/memory.limit_in_bytes", "7000\n");
        put("memory/memory.limit_in_bytes", "9223372036854771712\n");
        let most = |groups: &str| most_of_group(groups, root.path());
        assert_eq!(most("0::/a.slice/b.service\n"), Some(5000));
        assert_eq!(most("0::/\n"), None);
        assert_eq!(most("12:cpu,cpuacct:/docker/x\n4:memory:/docker/x\n"), Some(7000));
        assert_eq!(most("0::/a.slice\n4:memory:/\n"), Some(5000));
        assert_eq!(most(""), None);
    }
}
