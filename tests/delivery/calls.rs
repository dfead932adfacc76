//! System calls of the worker, counted; and a gate that holds it up in the middle of a `send`.
//!
//! Every caller in this program ends up here, because the linker takes these functions for those of the C library.

#![allow(unsafe_code, reason = "these are functions of the C library")]

use crate::threads::is_called;
use libc::{c_int, c_long, c_uint, c_void, epoll_event, iovec, msghdr, size_t, sockaddr, socklen_t, ssize_t};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// What gives bytes to a socket: `send`, `sendto`, `sendmsg`, `write`, `writev`.
static SENDS: AtomicU64 = AtomicU64::new(0);
/// What takes bytes from a socket.
static READS: AtomicU64 = AtomicU64::new(0);
/// `epoll_ctl`.
static REGISTRATIONS: AtomicU64 = AtomicU64::new(0);
/// `getrandom`.
static DRAWS: AtomicU64 = AtomicU64::new(0);
/// `epoll_wait`, and what ends a wait.
static POLLS: AtomicU64 = AtomicU64::new(0);

static IS_SHUT: AtomicBool = AtomicBool::new(false);
static IS_HELD: AtomicBool = AtomicBool::new(false);

/// How many calls the workers made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) sends: u64,
    pub(crate) reads: u64,
    pub(crate) registrations: u64,
    pub(crate) draws: u64,
    pub(crate) polls: u64,
}

impl Calls {
    /// Those so far.
    pub(crate) fn count() -> Self {
        let counters = [&SENDS, &READS, &REGISTRATIONS, &DRAWS, &POLLS];
        let [sends, reads, registrations, draws, polls] = counters.map(|count| count.load(Ordering::SeqCst));
        Self { sends, reads, registrations, draws, polls }
    }

    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            sends: self.sends - before.sends,
            reads: self.reads - before.reads,
            registrations: self.registrations - before.registrations,
            draws: self.draws - before.draws,
            polls: self.polls - before.polls,
        }
    }
}

/// A shut gate in front of every `send` of a worker. Open when dropped.
#[derive(Debug)]
pub(crate) struct Gate;

impl Gate {
    pub(crate) fn shut() -> Self {
        IS_HELD.store(false, Ordering::SeqCst);
        IS_SHUT.store(true, Ordering::SeqCst);
        Self
    }

    /// Whether a worker stands before it.
    pub(crate) fn holds_worker() -> bool {
        IS_HELD.load(Ordering::SeqCst)
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        IS_SHUT.store(false, Ordering::SeqCst);
    }
}

fn note(counter: &AtomicU64) {
    if is_called(b"canyon-worker") {
        counter.fetch_add(1, Ordering::SeqCst);
    }
}

fn note_send() {
    if is_called(b"canyon-worker") {
        SENDS.fetch_add(1, Ordering::SeqCst);
        while IS_SHUT.load(Ordering::SeqCst) {
            IS_HELD.store(true, Ordering::SeqCst);
            std::thread::sleep(Duration::from_micros(100));
        }
    }
}

/// Defines functions of the C library: what each of them counts, and the system call that it is.
macro_rules! calls {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty: $note:expr, $number:ident;)*) => {$(
        // SAFETY: the same system call as the one that is replaced, errno included.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($argument: $type),*) -> $result {
            $note;
            // SAFETY: as the caller promises.
            unsafe { libc::syscall(libc::$number, $($argument as c_long),*) as $result }
        }
    )*};
}

calls! {
    sendto(fd: c_int, bytes: *const c_void, len: size_t, flags: c_int, to: *const sockaddr, to_len: socklen_t) -> ssize_t:
        note_send(), SYS_sendto;
    sendmsg(fd: c_int, message: *const msghdr, flags: c_int) -> ssize_t: note_send(), SYS_sendmsg;
    // Eight bytes go to the eventfd by which the runtime wakes itself; it does so now and then.
    write(fd: c_int, bytes: *const c_void, len: size_t) -> ssize_t: if len == 8 { note(&POLLS) } else { note_send() }, SYS_write;
    writev(fd: c_int, buffers: *const iovec, count: c_int) -> ssize_t: note_send(), SYS_writev;
    read(fd: c_int, bytes: *mut c_void, len: size_t) -> ssize_t: note(&READS), SYS_read;
    readv(fd: c_int, buffers: *const iovec, count: c_int) -> ssize_t: note(&READS), SYS_readv;
    recvmsg(fd: c_int, message: *mut msghdr, flags: c_int) -> ssize_t: note(&READS), SYS_recvmsg;
    recvfrom(fd: c_int, bytes: *mut c_void, len: size_t, flags: c_int, from: *mut sockaddr, from_len: *mut socklen_t)
        -> ssize_t: note(&READS), SYS_recvfrom;
    epoll_wait(epoll: c_int, events: *mut epoll_event, room: c_int, timeout: c_int) -> c_int: note(&POLLS), SYS_epoll_wait;
    epoll_ctl(epoll: c_int, what: c_int, fd: c_int, event: *mut epoll_event) -> c_int: note(&REGISTRATIONS), SYS_epoll_ctl;
    getrandom(buffer: *mut c_void, len: size_t, flags: c_uint) -> ssize_t: note(&DRAWS), SYS_getrandom;
}

// SAFETY: as the C library's: a `sendto` and a `recvfrom` without an address.
#[unsafe(no_mangle)]
unsafe extern "C" fn send(fd: c_int, bytes: *const c_void, len: size_t, flags: c_int) -> ssize_t {
    // SAFETY: as the caller promises.
    unsafe { sendto(fd, bytes, len, flags, std::ptr::null(), 0) }
}

// SAFETY: as above.
#[unsafe(no_mangle)]
unsafe extern "C" fn recv(fd: c_int, bytes: *mut c_void, len: size_t, flags: c_int) -> ssize_t {
    // SAFETY: as the caller promises.
    unsafe { recvfrom(fd, bytes, len, flags, std::ptr::null_mut(), std::ptr::null_mut()) }
}
