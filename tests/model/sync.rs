//! Threads and locks for the model itself: Loom's, or the standard library's where Miri watches.

#[cfg(feature = "loom")]
pub(crate) use loom::sync::{Condvar, Mutex, atomic::AtomicU64};
#[cfg(feature = "loom")]
pub use loom::thread;

#[cfg(not(feature = "loom"))]
pub(crate) use std::sync::{Condvar, Mutex, atomic::AtomicU64};
#[cfg(not(feature = "loom"))]
pub use std::thread;

use std::sync::atomic::Ordering;

/// In words: 32 KiB, Loom's own choice, is little for whatever formats an error.
#[cfg(feature = "loom")]
const STACK: usize = 0x8000;

/// Starts a thread, with a stack large enough for the queue.
#[cfg(feature = "loom")]
pub fn spawn<T: 'static>(work: impl FnOnce() -> T + 'static) -> Thread<T> {
    let work = OneThread(work);
    Thread(thread::Builder::new().stack_size(STACK).spawn(move || OneThread(work.into_inner()())).unwrap())
}

/// Starts a thread.
#[cfg(not(feature = "loom"))]
pub fn spawn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Thread<T> {
    Thread(thread::spawn(move || OneThread(work())))
}

/// A running thread.
#[derive(Debug)]
pub struct Thread<T>(thread::JoinHandle<OneThread<T>>);

impl<T> Thread<T> {
    /// Waits for its end.
    pub fn join(self) -> T {
        self.0.join().unwrap().into_inner()
    }
}

/// What goes from one thread of the model to another.
#[derive(Debug)]
struct OneThread<T>(T);

impl<T> OneThread<T> {
    fn into_inner(self) -> T {
        self.0
    }
}

// SAFETY: all threads of a Loom model run on one thread of the system, in turns.
#[cfg(feature = "loom")]
unsafe impl<T> Send for OneThread<T> {}

/// The order of the kernel's work on one object: as if each object had a lock that every operation on it takes.
#[derive(Debug)]
pub(crate) struct Turn(AtomicU64);

impl Turn {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// An operation that changes nothing: sees what was done before the changes before it, and shows nothing of its own.
    pub(crate) fn look(&self) {
        self.0.fetch_add(0, Ordering::Acquire);
    }

    /// An operation that changes something.
    pub(crate) fn change(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// How a scenario makes one thing happen before another without helping the queue in any other way: a `broadcast()` that
/// returned, whose process then told another one.
#[derive(Debug)]
pub struct Flag(AtomicU64);

impl Default for Flag {
    fn default() -> Self {
        Self(AtomicU64::new(0))
    }
}

impl Flag {
    /// Tells whoever looks from now on.
    pub fn raise(&self) {
        self.0.store(1, Ordering::Release);
    }

    /// Whether it was told.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Acquire) == 1
    }
}
