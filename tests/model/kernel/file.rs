//! Open files and their locks.

use std::io::{self, Read, Write};
use std::marker::PhantomData;
use std::sync::Arc;

use rustix::io::Errno;

#[cfg(not(feature = "loom"))]
pub(crate) use crate::kernel::memory as mm;
use crate::kernel::process::{current, is_alive, step};
use crate::kernel::world::{self, Lock};

/// A descriptor; closed, and its lock dropped, when it goes.
#[derive(Debug)]
pub(crate) struct OwnedFd {
    pub(crate) file: usize,
    open: usize,
}

impl OwnedFd {
    pub(crate) fn new(file: usize) -> Self {
        let open = world::with(|world| {
            world.next += 1;
            world.next
        });
        Self { file, open }
    }
}

impl Drop for OwnedFd {
    fn drop(&mut self) {
        // The kernel closed a dead process's files when it died.
        if is_alive() {
            unlock(self.as_fd());
        }
    }
}

/// Drops the descriptor's lock, if it has one.
fn unlock(fd: BorrowedFd<'_>) {
    let locked = world::with(|world| world.files[fd.file].locks.iter().any(|lock| lock.open == fd.open));
    if locked {
        step();
        let turn = world::with(|world| Arc::clone(&world.files[fd.file].locks_turn));
        turn.change();
        world::with(|world| world.files[fd.file].locks.retain(|lock| lock.open != fd.open));
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct BorrowedFd<'a> {
    pub(crate) file: usize,
    open: usize,
    owner: PhantomData<&'a OwnedFd>,
}

pub(crate) trait AsFd {
    fn as_fd(&self) -> BorrowedFd<'_>;
}

impl AsFd for OwnedFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        BorrowedFd { file: self.file, open: self.open, owner: PhantomData }
    }
}

impl AsFd for BorrowedFd<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        *self
    }
}

impl<T: AsFd> AsFd for &T {
    fn as_fd(&self) -> BorrowedFd<'_> {
        T::as_fd(self)
    }
}

#[allow(non_camel_case_types, reason = "rustix has it so")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stat {
    pub(crate) st_size: i64,
    pub(crate) file: usize,
}

pub(crate) fn stat(file: usize) -> Stat {
    let len = world::with(|world| world.files[file].len);
    Stat { st_size: i64::try_from(len).unwrap(), file }
}

pub(crate) fn fstat(fd: impl AsFd) -> Result<Stat, Errno> {
    Ok(stat(fd.as_fd().file))
}

pub(crate) enum FlockOperation {
    NonBlockingLockExclusive,
    NonBlockingLockShared,
}

/// As flock(): the lock belongs to the open file, and whoever gets it sees what its last owner did.
pub(crate) fn flock(fd: impl AsFd, operation: FlockOperation) -> Result<(), Errno> {
    step();
    let fd = fd.as_fd();
    let exclusive = matches!(operation, FlockOperation::NonBlockingLockExclusive);
    world::with(|world| Arc::clone(&world.files[fd.file].locks_turn)).look();
    world::with(|world| {
        let locks = &mut world.files[fd.file].locks;
        if locks.iter().any(|lock| lock.open != fd.open && (exclusive || lock.exclusive)) {
            return Err(Errno::WOULDBLOCK);
        }
        locks.retain(|lock| lock.open != fd.open);
        locks.push(Lock { open: fd.open, process: current(), exclusive });
        Ok(())
    })
}

pub(crate) fn ftruncate(_fd: impl AsFd, _len: u64) -> Result<(), Errno> {
    Ok(())
}

/// Only a note for people is read so.
pub(crate) fn pread(_fd: impl AsFd, _bytes: &mut [u8], _at: u64) -> Result<usize, Errno> {
    Ok(0)
}

/// Only a note for people is written so.
pub(crate) fn pwrite(_fd: impl AsFd, bytes: &[u8], _at: u64) -> Result<usize, Errno> {
    Ok(bytes.len())
}

/// A file read and written as a whole: large payloads. That its writer is done before its reader begins is the ring's
/// doing, and checked by way of the bytes.
#[derive(Debug)]
pub(crate) struct File {
    fd: OwnedFd,
    at: usize,
}

impl From<OwnedFd> for File {
    fn from(fd: OwnedFd) -> Self {
        Self { fd, at: 0 }
    }
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        step();
        // Half at a time: a process can die with half a file.
        let part = bytes.len().div_ceil(2).max(bytes.len().min(16));
        world::with(|world| world.files[self.fd.file].content.extend_from_slice(&bytes[..part]));
        Ok(part)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for File {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        step();
        let read = world::with(|world| {
            let mut rest = &world.files[self.fd.file].content[self.at..];
            rest.read(bytes)
        })?;
        self.at += read;
        Ok(read)
    }
}
