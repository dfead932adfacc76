//! What a fork must not inherit.
//!
//! A child of fork() holds copies of its parent's file descriptors and mappings. A lock belongs to the open file, not to
//! the process, so a child that kept the descriptor would keep a dead parent's ring alive; and a child that went on
//! writing into its parent's ring would be a second producer there. Two mechanisms, because neither is enough:
//!
//! * pthread_atfork closes the child's copies of all locked descriptors, even if the child never publishes (closing a
//!   copy does not drop the parent's lock);
//! * a page that the kernel wipes in every child, fork() or raw clone(), tells each push whether this is still the process
//!   that attached. Reading it costs a load; asking for the pid would cost a system call.

#![allow(unsafe_code)]

use std::os::fd::{BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::OnceLock;

use super::atomics::{AtomicU32, AtomicU64, Ordering};

/// The moment somebody attached, to tell whether this is still the same process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Birth {
    page: &'static AtomicU64,
    epoch: u64,
}

/// What the page holds while a process that finds it wiped closes what it inherited.
const CLEANING: u64 = u64::MAX;

static NEXT_EPOCH: AtomicU64 = AtomicU64::new(1);

impl Birth {
    /// Notes the process as it is now; in a fresh child, first closes what it inherited.
    pub(crate) fn now() -> Self {
        let page = page();
        loop {
            match page.compare_exchange(0, CLEANING, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => {
                    close_inherited();
                    page.store(NEXT_EPOCH.fetch_add(1, Ordering::Relaxed), Ordering::Release);
                }
                Err(CLEANING) => std::thread::yield_now(),
                Err(epoch) => return Self { page, epoch },
            }
        }
    }

    /// Whether no fork lies between that moment and now.
    #[inline]
    pub(crate) fn is_this_process(&self) -> bool {
        self.page.load(Ordering::Relaxed) == self.epoch
    }
}

/// The word that is zero in a child until it is used there. Made once; the same page in all children.
static WORD: OnceLock<&'static AtomicU64> = OnceLock::new();

fn page() -> &'static AtomicU64 {
    WORD.get_or_init(|| {
        // SAFETY: the handler does nothing but what is allowed between fork and exec: atomics and close().
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        wiped_page().unwrap_or_else(|| Box::leak(Box::new(AtomicU64::new(0))))
    })
}

#[cfg(target_os = "linux")]
fn wiped_page() -> Option<&'static AtomicU64> {
    const LEN: usize = super::layout::PAGE;
    // SAFETY: a fresh anonymous mapping aliases nothing.
    let page = unsafe {
        let rw = libc::PROT_READ | libc::PROT_WRITE;
        libc::mmap(std::ptr::null_mut(), LEN, rw, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0)
    };
    if page == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: the page is ours alone. Before Linux 4.14 this fails, and fork() is still seen by the handler below.
    unsafe { libc::madvise(page, LEN, libc::MADV_WIPEONFORK) };
    // SAFETY: page-aligned, zeroed, never unmapped, and only ever used as this one atomic.
    Some(unsafe { &*page.cast::<AtomicU64>() })
}

#[cfg(not(target_os = "linux"))]
fn wiped_page() -> Option<&'static AtomicU64> {
    None
}

extern "C" fn in_child() {
    close_inherited();
    // Never `page()`: a thread that does not exist in this child may have been in the middle of making the word.
    if let Some(page) = WORD.get() {
        page.store(0, Ordering::Release);
    }
}

const SLOTS: usize = 64;

/// The descriptors that a child must close. Grows by chunks that are never freed, so that a handler may walk it at any
/// moment without a lock.
struct Chunk {
    /// 0 = free; else a serial number that never comes again (high half) and the descriptor (low half).
    slots: [AtomicU64; SLOTS],
    next: OnceLock<Box<Self>>,
}

static TABLE: Chunk = Chunk::new();

impl Chunk {
    const fn new() -> Self {
        Self { slots: [const { AtomicU64::new(0) }; SLOTS], next: OnceLock::new() }
    }
}

fn close_inherited() {
    let mut chunk = Some(&TABLE);
    while let Some(at) = chunk {
        for slot in &at.slots {
            let value = slot.swap(0, Ordering::AcqRel);
            if value != 0 {
                close(value);
            }
        }
        chunk = at.next.get().map(|next| &**next);
    }
}

fn descriptor(value: u64) -> RawFd {
    value as u32 as RawFd
}

fn close(value: u64) {
    // SAFETY: whoever took a value out of its slot owns the descriptor in it, and nobody else can.
    unsafe { libc::close(descriptor(value)) };
}

/// A descriptor that carries a lock, closed in every child.
#[derive(Debug)]
pub(crate) struct LockedFd {
    slot: &'static AtomicU64,
    value: u64,
}

impl LockedFd {
    /// Takes charge of `fd`. Call it before locking.
    pub(crate) fn new(fd: OwnedFd) -> Self {
        static SERIAL: AtomicU32 = AtomicU32::new(1);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed).max(1);
        let value = u64::from(serial) << 32 | u64::from(fd.into_raw_fd() as u32);
        let mut chunk = &TABLE;
        loop {
            for slot in &chunk.slots {
                if slot.compare_exchange(0, value, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                    return Self { slot, value };
                }
            }
            chunk = chunk.next.get_or_init(|| Box::new(Chunk::new()));
        }
    }

    /// The descriptor, unless this is a child and it was closed.
    pub(crate) fn get(&self) -> Option<BorrowedFd<'_>> {
        // SAFETY: the slot still holds our unique value, so nobody closed the descriptor; only our own drop or a fork
        // handler, which runs in another process, will.
        (self.slot.load(Ordering::Acquire) == self.value)
            .then(|| unsafe { BorrowedFd::borrow_raw(descriptor(self.value)) })
    }
}

impl Drop for LockedFd {
    fn drop(&mut self) {
        if self.slot.compare_exchange(self.value, 0, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            close(self.value);
        }
    }
}
