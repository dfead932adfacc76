//! What stands in for `segment.rs`: shared memory as Loom sees it.
//!
//! The words are Loom's atomics. The bytes of the data are watched by eights, as records are aligned: a copy that is not
//! ordered by the queue's own atomics against another process's write to the same eight is an error, even if nothing is
//! torn this time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::ops::Deref;
use std::sync::Arc;

use loom::cell::UnsafeCell;

use super::file::BorrowedFd;
use super::layout::{Control, PAGE, RingHead};
use crate::kernel::{process, world};

/// The memory behind a file, the same in all processes that map it.
#[derive(Clone)]
pub(crate) enum Shared {
    Control(Arc<Control>),
    Ring(Arc<RingShared>),
}

pub(crate) struct RingShared {
    head: RingHead,
    /// Made at the first access, which is a write: what nobody wrote is not looked at.
    eights: RefCell<BTreeMap<usize, UnsafeCell<()>>>,
    bytes: RefCell<Vec<u8>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, Self::Control(_)) { "Control" } else { "Ring" })
    }
}

impl Shared {
    /// A new file, all zero: a control page, or a ring.
    pub(crate) fn zeroed(len: usize) -> Self {
        if len <= PAGE {
            let control = Control::default();
            control.ticket.call("ticket");
            control.state.sleeping.call("sleeping");
            control.state.moved.call("moved");
            control.doorbell.call("doorbell");
            control.generation.call("generation");
            return Self::Control(Arc::new(control));
        }
        let head = RingHead::default();
        head.consumer.head.call("head");
        head.producer.tail.call("tail");
        head.producer.closed.call("closed");
        let bytes = RefCell::new(vec![0; len - PAGE]);
        Self::Ring(Arc::new(RingShared { head, eights: RefCell::default(), bytes }))
    }

    fn of(file: BorrowedFd<'_>) -> io::Result<Self> {
        process::step();
        world::with(|world| world.files[file.file].memory.clone()).ok_or(io::ErrorKind::InvalidInput.into())
    }
}

#[derive(Debug)]
pub(crate) struct ControlMemory(Arc<Control>);

impl ControlMemory {
    pub(crate) fn map(file: BorrowedFd<'_>) -> io::Result<Self> {
        match Shared::of(file)? {
            Shared::Control(control) => Ok(Self(control)),
            Shared::Ring(_) => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    /// Nobody cuts a file short here.
    pub(crate) fn is_lost(&self) -> bool {
        false
    }
}

impl Deref for ControlMemory {
    type Target = Control;

    fn deref(&self) -> &Control {
        &self.0
    }
}

pub(crate) struct RingMemory(Arc<RingShared>);

impl RingMemory {
    pub(crate) fn map(file: BorrowedFd<'_>, capacity: usize) -> io::Result<Self> {
        match Shared::of(file)? {
            Shared::Ring(ring) if ring.bytes.borrow().len() == capacity => Ok(Self(ring)),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    pub(crate) fn populate(&self, _position: u64, len: usize) -> usize {
        len
    }

    /// Nobody cuts a file short here.
    pub(crate) fn is_lost(&self) -> bool {
        false
    }

    pub(crate) fn head(&self) -> &RingHead {
        &self.0.head
    }

    pub(crate) fn capacity(&self) -> usize {
        self.0.bytes.borrow().len()
    }

    /// The parts of the data that `len` bytes at `position` are: up to its end, and from its beginning.
    fn parts(&self, position: u64, len: usize) -> [std::ops::Range<usize>; 2] {
        let offset = position as usize % self.capacity();
        let end = (offset + len).min(self.capacity());
        [offset..end, 0..len - (end - offset)]
    }

    fn watch(&self, part: &std::ops::Range<usize>, access: impl Fn(&UnsafeCell<()>)) {
        let mut eights = self.0.eights.borrow_mut();
        for eight in part.start / 8..part.end.div_ceil(8) {
            access(eights.entry(eight).or_insert_with(|| UnsafeCell::new(())));
        }
    }

    pub(crate) fn copy_in(&mut self, position: u64, bytes: &[u8]) {
        process::step();
        let mut rest = bytes;
        for part in self.parts(position, bytes.len()) {
            let (now, later) = rest.split_at(part.len());
            self.watch(&part, |eight| eight.with_mut(|_| ()));
            self.0.bytes.borrow_mut()[part].copy_from_slice(now);
            rest = later;
        }
    }

    pub(crate) fn copy_out(&self, position: u64, bytes: &mut [u8]) {
        process::step();
        let mut rest = bytes;
        for part in self.parts(position, rest.len()) {
            let (now, later) = rest.split_at_mut(part.len());
            self.watch(&part, |eight| eight.with(|_| ()));
            now.copy_from_slice(&self.0.bytes.borrow()[part]);
            rest = later;
        }
    }
}

impl fmt::Debug for RingMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RingMemory").field("head", self.head()).finish_non_exhaustive()
    }
}
