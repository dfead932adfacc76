//! Sockets that a forked child does not keep.
//!
//! PHP code may fork the process that hosts a server. The child has none of the server's threads, but a copy of every
//! descriptor, and a socket lives as long as any copy: with the server stopped, its port would still take connections and
//! answer none, nobody could listen there anew, and the clients of a host that was killed would not notice. A program that
//! the child turns into keeps nothing anyhow (close-on-exec); this is for children that go on as they are.
//!
//! So descriptors are marked while they are sockets of ours, and a fork handler closes the marked ones in the child. A socket
//! accepted in the very instant of a fork may be missed: it is marked a moment after the kernel made it.

#![allow(unsafe_code)]

use std::io;
use std::ops::{Deref, DerefMut};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::Once;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Descriptors up to here are marked: as many as a process may have by default. What lies above is not.
const DESCRIPTORS: usize = 1 << 20;

/// A bit per descriptor. Zero pages that are never touched cost nothing.
static MARKED: [AtomicU64; DESCRIPTORS / 64] = [const { AtomicU64::new(0) }; DESCRIPTORS / 64];

/// How many words of it were ever used.
static USED: AtomicUsize = AtomicUsize::new(0);

/// A socket, closed in every child.
#[derive(Debug)]
pub(crate) struct ForkGuard<S> {
    // Dropped in this order: once the descriptor is closed, its number may be somebody else's.
    mark: Mark,
    socket: S,
}

impl<S: AsFd> ForkGuard<S> {
    pub(crate) fn new(socket: S) -> Self {
        Self { mark: Mark::set(socket.as_fd().as_raw_fd()), socket }
    }

    /// Makes another kind of socket of the same descriptor.
    pub(crate) fn convert<T>(self, convert: impl FnOnce(S) -> io::Result<T>) -> io::Result<ForkGuard<T>> {
        let Self { mark, socket } = self;
        Ok(ForkGuard { mark, socket: convert(socket)? })
    }
}

impl<S> Deref for ForkGuard<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.socket
    }
}

impl<S> DerefMut for ForkGuard<S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.socket
    }
}

#[derive(Debug)]
struct Mark(RawFd);

impl Mark {
    fn set(fd: RawFd) -> Self {
        static HANDLER: Once = Once::new();
        // SAFETY: the handler does nothing but what is allowed between fork and exec: atomics and close().
        HANDLER.call_once(|| unsafe { _ = libc::pthread_atfork(None, None, Some(close_marked)) });
        if let Some((index, bit)) = place(fd) {
            MARKED[index].fetch_or(bit, Ordering::AcqRel);
            USED.fetch_max(index + 1, Ordering::AcqRel);
        }
        Self(fd)
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        if let Some((index, bit)) = place(self.0) {
            MARKED[index].fetch_and(!bit, Ordering::AcqRel);
        }
    }
}

/// A descriptor's word and bit.
fn place(fd: RawFd) -> Option<(usize, u64)> {
    let fd = usize::try_from(fd).ok().filter(|fd| *fd < DESCRIPTORS)?;
    Some((fd / 64, 1 << (fd % 64)))
}

extern "C" fn close_marked() {
    for (index, word) in MARKED.iter().take(USED.load(Ordering::Acquire)).enumerate() {
        let mut bits = word.swap(0, Ordering::AcqRel);
        while bits != 0 {
            let fd = index * 64 + bits.trailing_zeros() as usize;
            bits &= bits - 1;
            // SAFETY: the descriptor is this child's copy of one that its guard owned in the parent; the guard's copy here is
            // never used nor dropped, because the threads that could are the parent's.
            unsafe { libc::close(fd as RawFd) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    fn is_marked(fd: RawFd) -> bool {
        let (index, bit) = place(fd).unwrap();
        MARKED[index].load(Ordering::Acquire) & bit != 0
    }

    #[test]
    fn a_descriptor_is_marked_as_long_as_its_guard_lives_whatever_it_becomes() {
        let (one, other) = UnixStream::pair().unwrap();
        let fd = one.as_raw_fd();
        let guard = ForkGuard::new(one);
        assert!(is_marked(fd) && !is_marked(other.as_raw_fd()));
        let guard = guard.convert(|stream| Ok(std::os::fd::OwnedFd::from(stream))).unwrap();
        assert!(is_marked(fd));
        drop(guard);
        assert!(!is_marked(fd));

        let fd = other.as_raw_fd();
        let failed = ForkGuard::new(other).convert(|_| Err::<UnixStream, _>(io::ErrorKind::Other.into()));
        assert!(failed.is_err() && !is_marked(fd));
    }

    #[test]
    fn descriptors_that_cannot_be_marked_are_left_alone() {
        assert_eq!(place(-1), None);
        assert_eq!(place(DESCRIPTORS as RawFd), None);
        assert_eq!(place(65), Some((1, 2)));
    }
}
