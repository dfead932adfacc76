//! How much processor time a thread has used, for other threads to see: a worker that is busy has no time to tell.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

/// See the module.
#[derive(Debug)]
pub(crate) struct CpuClock(File);

impl CpuClock {
    /// That of the calling thread; `None` if the system does not tell.
    pub(crate) fn of_this_thread() -> Option<Self> {
        File::open("/proc/thread-self/schedstat").ok().map(Self)
    }

    /// The processor time that the thread has used; `None` if it has ended.
    pub(crate) fn used(&self) -> Option<Duration> {
        let mut text = [0; 64];
        let length = self.0.read_at(&mut text, 0).ok()?;
        parse(std::str::from_utf8(&text[..length]).ok()?)
    }
}

/// The first number is the time in nanoseconds. A kernel that does not count it says zero.
fn parse(schedstat: &str) -> Option<Duration> {
    let nanoseconds: u64 = schedstat.split_ascii_whitespace().next()?.parse().ok()?;
    (nanoseconds > 0).then(|| Duration::from_nanos(nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn what_a_kernel_does_not_count_is_not_known() {
        assert_eq!(parse("338533546 8053393 84\n"), Some(Duration::from_nanos(338_533_546)));
        for unknown in ["", "0 0 0\n", "x"] {
            assert_eq!(parse(unknown), None, "{unknown}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn another_thread_sees_what_a_thread_has_used() {
        let (tell, told) = mpsc::channel();
        let (end, ended) = mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            let clock = CpuClock::of_this_thread().unwrap();
            while clock.used().is_none_or(|used| used < Duration::from_millis(20)) {
                std::hint::black_box((0..10_000).sum::<u64>());
            }
            tell.send(clock).unwrap();
            let _ = ended.recv();
        });
        let clock = told.recv().unwrap();
        assert!(clock.used().unwrap() >= Duration::from_millis(20));
        drop(end);
        thread.join().unwrap();
    }
}
