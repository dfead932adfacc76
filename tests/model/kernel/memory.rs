//! The memory behind a file, for the real `segment.rs` to map: a block of the heap, the same in all processes.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ffi::c_void;

use rustix::io::Errno;
pub(crate) use rustix::mm::{Advice, MapFlags, ProtFlags};

use super::process::step;
use super::world;
use crate::queue::file::{AsFd, BorrowedFd};
use crate::queue::layout::PAGE;

/// A file's content.
#[derive(Debug)]
pub(crate) struct Shared {
    start: *mut u8,
    layout: Layout,
}

// SAFETY: a block of memory belongs to no thread; who may do what with it is what the queue has to get right.
unsafe impl Send for Shared {}

impl Shared {
    pub(crate) fn zeroed(len: usize) -> Self {
        let layout = Layout::from_size_align(len.max(PAGE), PAGE).unwrap();
        // SAFETY: the size is not zero.
        let start = unsafe { alloc_zeroed(layout) };
        if start.is_null() {
            handle_alloc_error(layout);
        }
        Self { start, layout }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: allocated above with this layout. The world goes after everybody who mapped its files.
        unsafe { dealloc(self.start, self.layout) };
    }
}

/// # Safety
/// As for the real one.
pub(crate) unsafe fn mmap(
    _: *mut c_void,
    len: usize,
    _: ProtFlags,
    _: MapFlags,
    file: BorrowedFd<'_>,
    _: u64,
) -> Result<*mut c_void, Errno> {
    step();
    world::with(|world| {
        let memory = world.files[file.as_fd().file].memory.as_ref().ok_or(Errno::INVAL)?;
        if len > memory.layout.size() { Err(Errno::INVAL) } else { Ok(memory.start.cast()) }
    })
}

/// # Safety
/// As for the real one.
pub(crate) unsafe fn munmap(_: *mut c_void, _: usize) -> Result<(), Errno> {
    Ok(())
}

/// # Safety
/// As for the real one.
pub(crate) unsafe fn madvise(_: *mut c_void, _: usize, _: Advice) -> Result<(), Errno> {
    Ok(())
}
