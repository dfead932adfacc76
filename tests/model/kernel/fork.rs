//! What stands in for `fork.rs`: nobody forks here, but a dead process must not say good-bye.

use super::file::{AsFd, BorrowedFd, OwnedFd};
use crate::kernel::process;

/// The process that attached.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Birth(usize);

impl Birth {
    pub(crate) fn now() -> Self {
        Self(process::current())
    }

    pub(crate) fn is_this_process(&self) -> bool {
        self.0 == process::current() && process::is_alive()
    }
}

/// A descriptor that carries a lock.
#[derive(Debug)]
pub(crate) struct LockedFd(OwnedFd);

impl LockedFd {
    pub(crate) fn new(fd: OwnedFd) -> Self {
        Self(fd)
    }

    pub(crate) fn get(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }
}
