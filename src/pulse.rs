//! Whether the threads of the server get on: each says so at every step of its work, and somebody looks from time to time.
//!
//! A leaf. What counts is only whether a thread comes by, not what it does; one that waits does so for a second at most.

use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Looks in a row at which a thread may be missing: it waits for up to a second, and so does whoever looks.
const LOOKS: u32 = 3;

/// The threads of a server.
#[derive(Debug, Default)]
pub(crate) struct Pulse(Mutex<Vec<Watched>>);

#[derive(Debug)]
struct Watched {
    thread: String,
    beat: Arc<AtomicBool>,
    missed: u32,
}

/// What one thread says that it gets on with. When it ends, nobody waits for it any more.
#[derive(Debug)]
pub(crate) struct Beat(Arc<AtomicBool>);

impl Beat {
    /// A store of its own cache line, once a turn.
    pub(crate) fn beat(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Pulse {
    pub(crate) fn of(&self, thread: impl Into<String>) -> Beat {
        let beat = Arc::new(AtomicBool::new(true));
        self.0.lock().push(Watched { thread: thread.into(), beat: Arc::clone(&beat), missed: 0 });
        Beat(beat)
    }

    /// The threads that have not come by for several looks, of which there should be one a second.
    pub(crate) fn look(&self) -> Vec<String> {
        let mut threads = self.0.lock();
        threads.retain(|watched| Arc::strong_count(&watched.beat) > 1);
        for watched in &mut *threads {
            watched.missed = if watched.beat.swap(false, Ordering::Relaxed) { 0 } else { watched.missed + 1 };
        }
        let stuck = threads.iter().filter(|watched| watched.missed >= LOOKS);
        stuck.map(|watched| watched.thread.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_does_not_come_by_is_named_until_it_does_and_one_that_ends_is_not() {
        let pulse = Pulse::default();
        let (stuck, busy, ended) = (pulse.of("stuck"), pulse.of("busy"), pulse.of("ended"));
        drop(ended);
        for _ in 0..LOOKS {
            assert!(pulse.look().is_empty());
            busy.beat();
        }
        assert_eq!(pulse.look(), ["stuck"]);
        stuck.beat();
        busy.beat();
        assert!(pulse.look().is_empty());
    }
}
