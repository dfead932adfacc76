//! An allocator that counts.

#![allow(unsafe_code, reason = "an allocator has no safe form")]

use crate::threads::is_called;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static WORKER: AtomicU64 = AtomicU64::new(0);
static DRAIN: AtomicU64 = AtomicU64::new(0);

struct Counting;

/// How many allocations two threads of the server made; to make one larger counts, too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allocations {
    pub(crate) worker: u64,
    pub(crate) drain: u64,
}

impl Allocations {
    /// Those so far.
    pub(crate) fn count() -> Self {
        Self { worker: WORKER.load(Ordering::SeqCst), drain: DRAIN.load(Ordering::SeqCst) }
    }

    pub(crate) fn since(self, before: Self) -> Self {
        Self { worker: self.worker - before.worker, drain: self.drain - before.drain }
    }
}

fn note() {
    if is_called(b"canyon-worker") {
        WORKER.fetch_add(1, Ordering::SeqCst);
    } else if is_called(b"canyon-drain") {
        DRAIN.fetch_add(1, Ordering::SeqCst);
    }
}

// SAFETY: the system's allocator does it all.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note();
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note();
        // SAFETY: as the caller promises.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}
