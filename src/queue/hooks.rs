//! Named points inside the queue's operations where a test can stop a process, to kill it exactly there.
//!
//! Without the feature `test-hooks` this is nothing at all.

/// Where a process can be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// A producer opened the queue directory and nothing in it.
    DirectoryOpened,
    /// A ring file exists, not yet locked.
    RingCreated,
    /// A ring file is complete, not yet under its name.
    RingReady,
    /// A ring has its name; the consumer has not been told.
    RingNamed,
    /// A push took its ticket and wrote nothing.
    TicketTaken,
    /// A push is half-way through its payload.
    HalfCopied,
    /// A push wrote everything and published nothing.
    RecordWritten,
    /// A push published its record and rang no bell.
    RecordPublished,
    /// A large payload stands in its file, and no record names it.
    SpillWritten,
    /// The consumer delivered a record and did not note it.
    Delivered,
    /// The consumer noted a delivery and did not remove the spill file.
    DeliveryNoted,
    /// The consumer holds the lock of a dead producer's ring.
    ReapLocked,
    /// The consumer drained a dead producer's ring and did not remove it.
    ReapDrained,
}

#[cfg(feature = "test-hooks")]
mod armed {
    use std::cell::RefCell;
    use std::io::Write;
    use std::sync::Mutex;

    use super::Point;

    static ARMED: Mutex<Option<(Point, u32)>> = Mutex::new(None);

    /// Stops this process when it reaches `point` for the `nth` time (from 1), after one line on stdout that says so.
    pub fn stop_at(point: Point, nth: u32) {
        *ARMED.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some((point, nth));
    }

    type Work = Box<dyn FnOnce()>;

    thread_local! {
        static WORK: RefCell<Option<(Point, Work)>> = const { RefCell::new(None) };
    }

    /// Does `work` when this thread next reaches `point`: what somebody else does in that very moment.
    pub fn at(point: Point, work: impl FnOnce() + 'static) {
        WORK.set(Some((point, Box::new(work))));
    }

    pub(crate) fn reach(point: Point) {
        let work = WORK.with_borrow_mut(|armed| armed.take_if(|(at, _)| *at == point));
        if let Some((_, work)) = work {
            work();
        }
        let mut armed = ARMED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some((at, left)) = armed.as_mut() else { return };
        if *at != point {
            return;
        }
        *left -= 1;
        if *left > 0 {
            return;
        }
        let mut stdout = std::io::stdout();
        let _ = writeln!(stdout, "stopped at {point:?}").and_then(|()| stdout.flush());
        loop {
            std::thread::park();
        }
    }
}

#[cfg(feature = "test-hooks")]
pub use armed::{at, stop_at};

#[cfg(feature = "test-hooks")]
pub(crate) use armed::reach;

#[cfg(not(feature = "test-hooks"))]
#[inline(always)]
pub(crate) fn reach(_point: Point) {}

#[cfg(feature = "test-hooks")]
impl std::str::FromStr for Point {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        [
            Self::DirectoryOpened,
            Self::RingCreated,
            Self::RingReady,
            Self::RingNamed,
            Self::TicketTaken,
            Self::HalfCopied,
            Self::RecordWritten,
            Self::RecordPublished,
            Self::SpillWritten,
            Self::Delivered,
            Self::DeliveryNoted,
            Self::ReapLocked,
            Self::ReapDrained,
        ]
        .into_iter()
        .find(|point| format!("{point:?}") == name)
        .ok_or_else(|| format!("no point is called {name}"))
    }
}
