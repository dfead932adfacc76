//! Signals belong to PHP's thread.
//!
//! A thread begins with its creator's signal mask. If the server's threads took signals, PHP's own handlers would run at the
//! wrong place, and a `poll()` that waits on PHP's thread would not be interrupted.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;

/// Runs `start` with all signals blocked: the threads it creates will never take one that was meant for PHP.
pub(super) fn blocked<T>(start: impl FnOnce() -> T) -> T {
    let _mask = Mask::block_all();
    start()
}

/// Takes the signals of a parent away from PHP, in a process that is nothing else any more.
///
/// PHP's own handlers stand for most signals from the beginning of a request, and whoever installs others later passes each
/// signal on to them: for one that no script has asked for, that is the default action, which ends the process.
pub(super) fn forget_handlers() {
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGUSR2, libc::SIGCHLD] {
        // SAFETY: the default action is always a valid disposition, and these signals can have it.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// Signals to the calling thread, which end its waits and are not missed between them.
pub(super) struct Attention(Mask);

impl Attention {
    /// From here on.
    pub(super) fn pay() -> Self {
        Self(Mask::block_all())
    }

    /// Waits for so many milliseconds; whether a signal came instead. Its handler has run by then.
    pub(super) fn is_called_within(&self, ms: u16) -> bool {
        let time = libc::timespec { tv_sec: 0, tv_nsec: libc::c_long::from(ms.min(999)) * 1_000_000 };
        // SAFETY: no descriptors are waited for; `time` and the mask live through the call.
        unsafe { libc::ppoll(std::ptr::null_mut(), 0, &raw const time, &raw const self.0.0) == -1 }
    }
}

/// The mask as it was, put back on drop.
struct Mask(libc::sigset_t);

impl Mask {
    /// All but those that a thread causes itself: blocked, they kill the process, whatever handler there is. The queue has one
    /// for SIGBUS.
    fn block_all() -> Self {
        let mut all = MaybeUninit::uninit();
        let mut old = MaybeUninit::uninit();
        // SAFETY: sigfillset initialises `all`; pthread_sigmask initialises `old`, and cannot fail with these arguments.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            for own in [libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGSEGV] {
                libc::sigdelset(all.as_mut_ptr(), own);
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), old.as_mut_ptr());
            Self(old.assume_init())
        }
    }
}

impl Drop for Mask {
    fn drop(&mut self) {
        // SAFETY: `self.0` is the mask that this thread had.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut()) };
    }
}
