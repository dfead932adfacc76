//! The hub's lock: parking_lot's, which in tests counts how often it is taken.

use parking_lot::{Mutex, MutexGuard};

#[derive(Debug, Default)]
pub(super) struct Lock<T>(Mutex<T>);

impl<T> Lock<T> {
    pub(super) fn lock(&self) -> MutexGuard<'_, T> {
        #[cfg(test)]
        taken::add_one();
        self.0.lock()
    }
}

#[cfg(test)]
pub(super) mod taken {
    use std::cell::Cell;

    thread_local!(static TAKEN: Cell<u64> = const { Cell::new(0) });

    pub(super) fn add_one() {
        TAKEN.set(TAKEN.get() + 1);
    }

    /// Locks that the calling thread has taken so far.
    pub(in crate::hub) fn count() -> u64 {
        TAKEN.get()
    }
}
