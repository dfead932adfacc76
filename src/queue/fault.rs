//! Surviving a file that is cut short while it is mapped.
//!
//! Touching a mapped page beyond the end of its file is a SIGBUS, which kills. Anybody with access to the queue directory
//! can cut a file short (or punch a hole into it and fill the file system), and one such accident must cost neither the
//! server nor a PHP process its life. What could be done:
//!
//! * *Seals* (`F_SEAL_SHRINK`) exist for memfds only, not for files that others find by name.
//! * *Reading with pread* instead of through the mapping costs a system call per record, and cannot replace the atomics.
//! * *Looking at the size first* is a race.
//! * *A handler for SIGBUS*, chosen here: if the address lies in a mapping of ours, private pages of zeros take its place,
//!   all of them, and the mapping is marked as lost. The instruction is tried again and succeeds; what it reads is
//!   foreign, as anything in shared memory may be, and is refused by the checks that are there anyway. Whoever owns the
//!   mapping asks [`Guard::is_lost`] when something looks wrong, gives the file up and makes a new one.
//!
//! A fault that is not ours goes to whoever had SIGBUS before, as if this handler did not exist; with nobody there, the
//! process dies of it as it would have. A handler that is installed later and passes nothing on takes this protection
//! away, and nothing else.
//!
//! The handler is installed with the first mapping. It may interrupt any instruction, so it only does what is allowed
//! there: loads from a list that only grows, one mmap, one store.

#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::ptr::{self, NonNull};
// Not the queue's own atomics: a signal handler is nothing that a model of the queue could run.
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Once, OnceLock};

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};

use super::layout::{MOVED_AT, PAGE};

const SLOTS: usize = 64;

/// The mappings the handler knows. Grows by chunks that are never freed.
struct Chunk {
    /// 0 = free; else an [`Entry`].
    slots: [AtomicUsize; SLOTS],
    next: AtomicPtr<Self>,
}

static TABLE: Chunk = Chunk::new();

impl Chunk {
    const fn new() -> Self {
        Self { slots: [const { AtomicUsize::new(0) }; SLOTS], next: AtomicPtr::new(ptr::null_mut()) }
    }

    fn next(&self) -> Option<&'static Self> {
        // SAFETY: null, or a leaked chunk: valid for ever, and only ever shared.
        unsafe { self.next.load(Ordering::Acquire).as_ref() }
    }

    /// The next chunk, made if need be.
    fn grow(&self) -> &'static Self {
        loop {
            if let Some(next) = self.next() {
                return next;
            }
            let made = Box::into_raw(Box::new(Self::new()));
            let won = self.next.compare_exchange(ptr::null_mut(), made, Ordering::AcqRel, Ordering::Acquire);
            if won.is_err() {
                // SAFETY: made above, and nobody else has seen it.
                drop(unsafe { Box::from_raw(made) });
            }
        }
    }
}

/// A mapping in one word, so that the handler never sees half of one: it begins at a page, which leaves twelve bits, and is
/// one page and, if a ring, a power of two of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry(usize);

impl Entry {
    const LOST: usize = PAGE >> 1;
    const POWER: usize = Self::LOST - 1;

    fn new(start: NonNull<u8>, capacity: usize) -> Self {
        Self(start.as_ptr() as usize | capacity.checked_ilog2().unwrap_or(0) as usize)
    }

    fn start(self) -> usize {
        self.0 & !(PAGE - 1)
    }

    fn is_control(self) -> bool {
        self.0 & Self::POWER == 0
    }

    fn len(self) -> usize {
        if self.is_control() { PAGE } else { PAGE + (1 << (self.0 & Self::POWER)) }
    }

    fn holds(self, address: usize) -> bool {
        self.0 != 0 && (self.start()..self.start() + self.len()).contains(&address)
    }
}

/// Keeps a mapping in the handler's list.
#[derive(Debug)]
pub(crate) struct Guard {
    slot: &'static AtomicUsize,
}

impl Guard {
    /// Guards the mapping at `start`: the control page if `capacity` is zero, else a ring with that much data.
    ///
    /// # Safety
    /// The mapping is that long and the caller's own, and it stays until the guard is dropped. No reference to anything
    /// but atomics points into it.
    pub(crate) unsafe fn new(start: NonNull<u8>, capacity: usize) -> Self {
        debug_assert!(capacity == 0 || capacity.is_power_of_two() && capacity > 1);
        install();
        let entry = Entry::new(start, capacity);
        let mut chunk = &TABLE;
        loop {
            for slot in &chunk.slots {
                if slot.compare_exchange(0, entry.0, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                    return Self { slot };
                }
            }
            chunk = chunk.grow();
        }
    }

    /// Whether the file was cut short, and zeros that nobody shares stand in its place.
    pub(crate) fn is_lost(&self) -> bool {
        self.slot.load(Ordering::Acquire) & Entry::LOST != 0
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.slot.store(0, Ordering::Release);
    }
}

/// Who had SIGBUS before.
static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();

fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: all zero is a valid sigaction, and both calls get valid pointers. The old action is asked for first, so
        // that the handler finds it from its first moment on. What the handler does is allowed in one.
        unsafe {
            let mut before: libc::sigaction = std::mem::zeroed();
            if libc::sigaction(libc::SIGBUS, ptr::null(), &raw mut before) != 0 {
                return;
            }
            let _ = BEFORE.set(before);
            let mut ours: libc::sigaction = std::mem::zeroed();
            ours.sa_sigaction = on_fault as extern "C" fn(_, _, _) as *const () as usize;
            // ONSTACK: Go's and Rust's threads have a stack for signals; elsewhere this changes nothing.
            ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
            libc::sigemptyset(&raw mut ours.sa_mask);
            libc::sigaction(libc::SIGBUS, &raw const ours, ptr::null_mut());
        }
    });
}

extern "C" fn on_fault(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel passes a valid siginfo to a SA_SIGINFO handler, and with SIGBUS it has an address.
    let (code, address) = unsafe { ((*info).si_code, (*info).si_addr() as usize) };
    // Up to zero somebody sent the signal, and the address means nothing.
    if code <= 0 || !replace(address) {
        pass_on(signal, code, info, context);
    }
}

/// Puts zeros in the place of the mapping that holds `address`; false if it is none of ours.
fn replace(address: usize) -> bool {
    let mut chunk = Some(&TABLE);
    while let Some(at) = chunk {
        for slot in &at.slots {
            let entry = Entry(slot.load(Ordering::Acquire));
            if entry.holds(address) {
                return entry.replace(slot);
            }
        }
        chunk = at.next();
    }
    false
}

impl Entry {
    fn replace(self, slot: &AtomicUsize) -> bool {
        let start = self.start() as *mut u8;
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE;
        // SAFETY: the range is one mapping of ours, alive because one of its bytes is just being touched; only atomics and
        // copies look at it, for which any content will do.
        let replaced = unsafe { mmap_anonymous(start.cast(), self.len(), protection, flags) };
        if replaced.is_err() {
            return false;
        }
        if self.is_control() {
            // What every push looks at: it attaches anew instead of drawing tickets that nobody shares.
            // SAFETY: inside the page mapped above, aligned, and an atomic to everybody.
            unsafe { AtomicU32::from_ptr(start.add(MOVED_AT).cast()) }.store(1, Ordering::SeqCst);
        }
        // If another thread met the same fault, its word is the same.
        slot.fetch_or(Self::LOST, Ordering::AcqRel);
        true
    }
}

/// Does what would have happened without us.
fn pass_on(signal: c_int, code: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let Some(before) = BEFORE.get() else { return };
    match before.sa_sigaction {
        libc::SIG_IGN if code <= 0 => {}
        libc::SIG_DFL | libc::SIG_IGN => {
            // SAFETY: `before` is what sigaction gave. A fault happens again when this returns, and kills; a signal that
            // somebody sent has to be sent again.
            unsafe {
                libc::sigaction(signal, before, ptr::null_mut());
                if code <= 0 {
                    libc::raise(signal);
                }
            }
        }
        handler if before.sa_flags & libc::SA_SIGINFO != 0 => {
            // SAFETY: with SA_SIGINFO the word is a function of this type.
            let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) =
                unsafe { std::mem::transmute(handler) };
            handler(signal, info, context);
        }
        handler => {
            // SAFETY: without SA_SIGINFO the word is a function of this type.
            let handler: extern "C" fn(c_int) = unsafe { std::mem::transmute(handler) };
            handler(signal);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_holds_its_mapping_and_nothing_beside_it() {
        let start = NonNull::new(0x7f00_0000_1000 as *mut u8).unwrap();
        for (capacity, len) in [(0, 4096), (65536, 4096 + 65536), (1 << 30, 4096 + (1 << 30))] {
            let entry = Entry::new(start, capacity);
            assert_eq!((entry.start(), entry.len()), (0x7f00_0000_1000, len));
            let lost = Entry(entry.0 | Entry::LOST);
            assert_eq!((lost.start(), lost.len(), lost.is_control()), (0x7f00_0000_1000, len, capacity == 0));
            assert!(entry.holds(0x7f00_0000_1000) && entry.holds(0x7f00_0000_1000 + len - 1));
            assert!(!entry.holds(0x7f00_0000_0fff) && !entry.holds(0x7f00_0000_1000 + len));
        }
        assert!(!Entry(0).holds(0) && !Entry(0).holds(100));
    }
}
