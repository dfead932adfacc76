//! A ring file: making one, adopting one whose producer is gone, and its lock.
//!
//! Who holds the lock of a ring is its producer. The kernel drops the lock when that process dies, however it dies and in
//! whatever PID namespace, so whether a producer lives is never guessed.

use rustix::io::Errno;

use super::atomics::Ordering;
use super::directory::{Directory, FileId, NEW, RING, SPILL, try_lock, unique};
use super::file::{AsFd, Stat, fstat};
use super::fork::LockedFd;
use super::hooks::{Point, reach};
use super::layout::{FORMAT, PAGE, RING_BYTES, version_of};
use super::segment::RingMemory;
use super::{Error, clock};

/// An open ring.
#[derive(Debug)]
pub(crate) struct Ring {
    /// What follows `ring.` in its name.
    unique: String,
    file: LockedFd,
    id: FileId,
    pub(crate) memory: RingMemory,
}

impl Ring {
    /// Makes a ring and locks it. It has its name when this returns; telling the consumer is the caller's.
    pub(crate) fn create(directory: &Directory, capacity: usize) -> Result<Self, Error> {
        if !capacity.is_power_of_two() || !RING_BYTES.contains(&capacity) {
            return Err(Error::RingBytes { bytes: capacity });
        }
        // A consumer that tidies up can take the file for a forgotten one in the instant before it is locked.
        for _ in 0..10 {
            if let Some(ring) = Self::try_create(directory, capacity)? {
                return Ok(ring);
            }
        }
        Err(directory.refused(RING, Errno::BUSY))
    }

    fn try_create(directory: &Directory, capacity: usize) -> Result<Option<Self>, Error> {
        let unique = unique();
        let new = format!("{NEW}{unique}");
        let Some(fd) = directory.create(&new)? else { return Ok(None) };
        let file = LockedFd::new(fd);
        reach(Point::RingCreated);
        if !file.get().is_some_and(try_lock) {
            return Ok(None);
        }
        let made = Self::initialise(directory, &new, unique, file, capacity);
        if !matches!(made, Ok(Some(_))) {
            directory.remove(&new);
        }
        made
    }

    fn initialise(
        directory: &Directory,
        new: &str,
        unique: String,
        file: LockedFd,
        capacity: usize,
    ) -> Result<Option<Self>, Error> {
        let Some(fd) = file.get() else { return Ok(None) };
        directory.reserve(new, fd, (PAGE + capacity) as u64)?;
        let stat = fstat(fd).map_err(|errno| directory.refused(new, errno))?;
        let Some(ring) = Self::map(directory, new, unique, file, &stat, capacity)? else { return Ok(None) };
        let identity = &ring.memory.head().identity;
        identity.creator_pid.store(u64::from(std::process::id()), Ordering::Relaxed);
        identity.created_ms.store(clock::coarse_ms(), Ordering::Relaxed);
        ring.restore();
        reach(Point::RingReady);
        match directory.rename(new, &ring.name()) {
            Ok(()) => Ok(Some(ring)),
            Err(Errno::NOENT | Errno::EXIST) => Ok(None),
            Err(errno) => Err(directory.refused(new, errno)),
        }
    }

    /// Opens a ring that is already there; `None` if it is gone.
    pub(crate) fn open(directory: &Directory, unique: &str) -> Result<Option<Self>, Error> {
        let name = format!("{RING}{unique}");
        let Some((fd, stat)) = directory.open_file(&name)? else { return Ok(None) };
        let damaged = |why| Error::Damaged { path: directory.path().join(&name), why };
        let capacity = usize::try_from(stat.st_size).unwrap_or(0).saturating_sub(PAGE);
        if !capacity.is_power_of_two() || !RING_BYTES.contains(&capacity) {
            return Err(damaged("its size is that of no ring"));
        }
        let file = LockedFd::new(fd);
        let Some(ring) = Self::map(directory, &name, unique.to_owned(), file, &stat, capacity)? else {
            return Ok(None);
        };
        let identity = &ring.memory.head().identity;
        match identity.format.load(Ordering::Acquire) {
            FORMAT => {}
            other => {
                return Err(match version_of(other) {
                    Some(found) => Error::Version { path: directory.path().join(&name), found },
                    None => damaged("its first word is foreign"),
                });
            }
        }
        if identity.capacity.load(Ordering::Relaxed) != capacity as u64 {
            return Err(damaged("it names another size than its own"));
        }
        Ok(Some(ring))
    }

    /// Takes over a ring whose producer is gone: its records stay, new ones follow them.
    ///
    /// `None` if it is in use, of another size, damaged, or gone: then there is nothing to adopt, which is no error.
    pub(crate) fn adopt(directory: &Directory, unique: &str, capacity: usize) -> Option<Self> {
        let ring = Self::open(directory, unique).ok()??;
        // Locked first, compared after: the consumer removes a ring only while holding its lock, so a ring that is still
        // there under our lock stays there.
        let usable = ring.memory.capacity() == capacity && ring.try_lock() && ring.is_in_place(directory);
        usable.then_some(ring)
    }

    /// Maps the file called `name`, which is `file`; `None` if it no longer is.
    ///
    /// Through a descriptor of its own: a mapping keeps the open file that it was made from, and with it the lock. A forked
    /// child that closed its copy of `file`, but has its copy of the mapping, would keep a dead parent's ring locked.
    fn map(
        directory: &Directory,
        name: &str,
        unique: String,
        file: LockedFd,
        stat: &Stat,
        capacity: usize,
    ) -> Result<Option<Self>, Error> {
        let id = stat.into();
        let Some((fd, stat)) = directory.open_file(name)? else { return Ok(None) };
        if FileId::from(&stat) != id {
            return Ok(None);
        }
        let memory = RingMemory::map(fd.as_fd(), capacity).map_err(|source| Error::Io {
            action: "cannot map",
            path: directory.path().join(name),
            source,
        })?;
        Ok(Some(Self { unique, file, id, memory }))
    }

    pub(crate) fn unique(&self) -> &str {
        &self.unique
    }

    fn name(&self) -> String {
        format!("{RING}{}", self.unique)
    }

    /// Takes the ring's lock if no producer holds it.
    pub(crate) fn try_lock(&self) -> bool {
        self.file.get().is_some_and(try_lock)
    }

    /// Whether the directory still holds this file under its name.
    pub(crate) fn is_in_place(&self, directory: &Directory) -> bool {
        directory.names(&self.name(), self.id)
    }

    /// Whether the next server will find it, too, and take it.
    pub(crate) fn is_sound(&self, directory: &Directory) -> bool {
        !self.memory.is_lost()
            && directory.len_of(&self.name(), self.id) == Some(PAGE + self.memory.capacity())
    }

    /// Whether its file was cut short, even where nobody has come yet.
    pub(crate) fn is_cut_short(&self, directory: &Directory) -> bool {
        let whole = PAGE + self.memory.capacity();
        self.memory.is_lost() || directory.len_of(&self.name(), self.id).is_some_and(|len| len < whole)
    }

    /// Removes the ring's file, unless the name is another file's by now. Hold its lock.
    pub(crate) fn remove(&self, directory: &Directory) {
        if self.is_in_place(directory) {
            directory.remove(&self.name());
        }
    }

    /// What to say when its file was cut short.
    pub(crate) fn cut_short(&self, directory: &Directory) -> Error {
        Error::CutShort { path: directory.path().join(self.name()) }
    }

    /// Puts words right that never change, if somebody wrote over them: whoever opens the ring next would refuse it.
    pub(crate) fn restore(&self) {
        let identity = &self.memory.head().identity;
        identity.capacity.store(self.memory.capacity() as u64, Ordering::Relaxed);
        identity.format.store(FORMAT, Ordering::Release);
    }

    /// The name of the spill file of the record at `position`.
    pub(crate) fn spill_name(&self, position: u64) -> String {
        format!("{SPILL}{}.{position}", self.unique)
    }
}
