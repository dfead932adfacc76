//! Shared memory: mapping a file, and copying bytes in and out of it with every bound checked.
//!
//! The only file that touches shared memory through pointers. Two things make that sound, whatever another process
//! writes there: words that two processes share are atomics, and plain bytes are only ever copied, never borrowed, so no
//! Rust reference to them exists that a foreign write could invalidate. Their content means nothing until it is checked.

#![allow(unsafe_code)]

use std::ffi::c_void;
use std::fmt;
use std::io;
use std::ptr::NonNull;

use super::fault::Guard;
use super::file::BorrowedFd;
use super::file::mm::{MapFlags, ProtFlags, mmap, munmap};
use super::layout::{Control, PAGE, RingHead};

/// A file mapped shared, readable and writable. The mapping stays until the drop.
struct Mapping {
    /// First, because it must be dropped before the pages are unmapped.
    guard: Guard,
    pages: Pages,
}

/// Mapped pages, unmapped on drop.
struct Pages {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: the mapping belongs to no thread; all access goes through atomics or through the copies below, whose callers
// hold `&mut` to their side of the ring.
unsafe impl Send for Pages {}
// SAFETY: as above; `&Mapping` gives out atomics and copies only.
unsafe impl Sync for Pages {}

impl Mapping {
    /// Maps the head of `file` and `capacity` bytes of data behind it. The caller knows the file to be that long; should it
    /// be cut short, see [`super::fault`].
    fn new(file: BorrowedFd<'_>, capacity: usize) -> io::Result<Self> {
        let len = PAGE + capacity;
        // SAFETY: a fresh mapping at an address the kernel chooses aliases nothing of ours.
        let start = unsafe {
            mmap(std::ptr::null_mut(), len, ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED, file, 0)
        }?;
        let start = NonNull::new(start.cast::<u8>()).ok_or(io::ErrorKind::AddrNotAvailable)?;
        let pages = Pages { start, len };
        // SAFETY: the pages are PAGE + capacity bytes and stay until after the guard; what points into them is atomics.
        let guard = unsafe { Guard::new(start, capacity) };
        Ok(Self { guard, pages })
    }

    fn start(&self) -> NonNull<u8> {
        self.pages.start
    }

    /// The shared words at the beginning.
    ///
    /// `T` must consist of atomics alone, at most one page, and any bit pattern must be valid; only the two types of
    /// `layout` are asked for, below.
    fn head<T>(&self) -> &T {
        const { assert!(size_of::<T>() <= PAGE && align_of::<T>() <= PAGE) };
        // SAFETY: a mapping begins at a page and is at least one page long; T is atomics alone (see above), so foreign
        // writes are no data race and every bit pattern is valid; the mapping lives as long as `self`.
        unsafe { self.start().cast::<T>().as_ref() }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: `start` and `len` are what mmap gave, and no reference into the pages outlives them.
        let _ = unsafe { munmap(self.start.as_ptr().cast::<c_void>(), self.len) };
    }
}

/// The control page, mapped.
pub(crate) struct ControlMemory(Mapping);

impl ControlMemory {
    /// Maps the control page; the file must hold at least [`PAGE`] bytes.
    pub(crate) fn map(file: BorrowedFd<'_>) -> io::Result<Self> {
        Mapping::new(file, 0).map(Self)
    }

    /// Whether the file was cut short: this page is nobody else's any more.
    pub(crate) fn is_lost(&self) -> bool {
        self.0.guard.is_lost()
    }
}

impl std::ops::Deref for ControlMemory {
    type Target = Control;

    fn deref(&self) -> &Control {
        self.0.head()
    }
}

impl fmt::Debug for ControlMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A ring, mapped: its head and its data.
pub(crate) struct RingMemory {
    mapping: Mapping,
    capacity: usize,
}

impl RingMemory {
    /// Maps a ring; the file must hold at least [`PAGE`] + `capacity` bytes, and `capacity` must be a power of two.
    pub(crate) fn map(file: BorrowedFd<'_>, capacity: usize) -> io::Result<Self> {
        if !capacity.is_power_of_two() || capacity < PAGE {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mapping = Mapping::new(file, capacity)?;
        Ok(Self { mapping, capacity })
    }

    /// Whether the file was cut short: what is read here since then are zeros, and what is written nobody will see.
    pub(crate) fn is_lost(&self) -> bool {
        self.mapping.guard.is_lost()
    }

    /// Enters pages into the page table now, from `position` on, so that no push pays for their faults: `len` bytes, or as
    /// many as there are until the data ends, which it says. What the system cannot do now it does then.
    pub(crate) fn populate(&self, position: u64, len: usize) -> usize {
        let (offset, until_end) = self.locate(position);
        let len = len.min(until_end);
        #[cfg(target_os = "linux")]
        {
            let (page, into_page) = (offset & !(PAGE - 1), offset & (PAGE - 1));
            // SAFETY: the range lies in our mapping, from the page of `position` to the end of the data at most; the advice
            // changes no content.
            let _ = unsafe {
                let start = self.mapping.start().as_ptr().add(PAGE + page);
                let advice = super::file::mm::Advice::LinuxPopulateWrite;
                super::file::mm::madvise(start.cast::<c_void>(), into_page + len, advice)
            };
        }
        #[cfg(not(target_os = "linux"))]
        let _ = offset;
        len
    }

    pub(crate) fn head(&self) -> &RingHead {
        self.mapping.head()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Where the byte at `position` stands in the data, and how many follow it before the data ends.
    fn locate(&self, position: u64) -> (usize, usize) {
        let offset = position as usize & (self.capacity - 1);
        (offset, self.capacity - offset)
    }

    /// Copies `bytes` into the data at `position`, going on at the beginning where the data ends.
    ///
    /// # Panics
    /// If `bytes` are longer than the data: a writer checks its room first.
    #[inline]
    pub(crate) fn copy_in(&mut self, position: u64, bytes: &[u8]) {
        let (offset, until_end) = self.locate(position);
        if bytes.len() > until_end {
            return self.copy_in_round(offset, bytes);
        }
        // SAFETY: offset + bytes.len() <= capacity by `until_end`; the data area is `capacity` bytes from PAGE; a slice of
        // ours never overlaps the mapping, because nobody borrows it.
        unsafe {
            let data = self.mapping.start().as_ptr().add(PAGE + offset);
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), data, bytes.len());
        }
    }

    /// Copies what does not end before the data does: once per lap.
    #[cold]
    fn copy_in_round(&mut self, offset: usize, bytes: &[u8]) {
        assert!(bytes.len() <= self.capacity, "a copy longer than the ring");
        let (first, second) = bytes.split_at(self.capacity - offset);
        // SAFETY: offset + first.len() is the capacity, and second.len() <= capacity by the assertion; otherwise as above.
        unsafe {
            let data = self.mapping.start().as_ptr().add(PAGE);
            std::ptr::copy_nonoverlapping(first.as_ptr(), data.add(offset), first.len());
            std::ptr::copy_nonoverlapping(second.as_ptr(), data, second.len());
        }
    }

    /// Fills `bytes` from the data at `position`; what it holds then may be anything at all.
    ///
    /// # Panics
    /// If `bytes` are longer than the data: a reader checks lengths first.
    #[inline]
    pub(crate) fn copy_out(&self, position: u64, bytes: &mut [u8]) {
        assert!(bytes.len() <= self.capacity, "a copy longer than the ring");
        let (offset, until_end) = self.locate(position);
        let middle = bytes.len().min(until_end);
        let (first, second) = bytes.split_at_mut(middle);
        // SAFETY: the same bounds as in `copy_in`.
        unsafe {
            let data = self.mapping.start().as_ptr().add(PAGE);
            std::ptr::copy_nonoverlapping(data.add(offset), first.as_mut_ptr(), first.len());
            if !second.is_empty() {
                std::ptr::copy_nonoverlapping(data, second.as_mut_ptr(), second.len());
            }
        }
    }
}

impl fmt::Debug for RingMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RingMemory").field("capacity", &self.capacity).field("head", self.head()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    fn ring(capacity: usize) -> RingMemory {
        let file = tempfile::tempfile().unwrap();
        file.set_len((PAGE + capacity) as u64).unwrap();
        RingMemory::map(file.as_fd(), capacity).unwrap()
    }

    #[test]
    fn bytes_come_back_as_they_went_in_across_the_end_of_the_data() {
        let mut ring = ring(4096);
        let bytes: Vec<u8> = (0..200u8).collect();
        for position in [0, 8, 4096 - 200, 4096 - 199, 4096 - 1, 4096, u64::MAX - 50] {
            ring.copy_in(position, &bytes);
            let mut back = vec![0; bytes.len()];
            ring.copy_out(position, &mut back);
            assert_eq!(back, bytes, "at {position}");
        }
    }

    #[test]
    fn a_copy_never_touches_the_head() {
        let mut ring = ring(4096);
        ring.copy_in(4000, &[0xff; 4096]);
        assert_eq!(ring.head().producer.tail.load(super::super::atomics::Ordering::Relaxed), 0);
    }

    #[test]
    #[should_panic(expected = "longer than the ring")]
    fn a_copy_longer_than_the_ring_is_refused() {
        ring(4096).copy_in(0, &[0; 4097]);
    }
}
