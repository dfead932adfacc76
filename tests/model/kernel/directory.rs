//! What stands in for `directory.rs`: directories in memory. Every operation is one step, as the kernel's are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::io::Errno;

use super::Error;
use super::access::Access;
use super::file::{AsFd, BorrowedFd, FlockOperation, OwnedFd, Stat, flock, stat};
use crate::kernel::process::step;
use crate::kernel::world::{self, Directory as Entry, File, Shared, World};
use crate::sync::Turn;

pub(crate) const CONTROL: &str = "control";
pub(crate) const CONSUMER_LOCK: &str = "consumer.lock";
pub(crate) const RING: &str = "ring.";
pub(crate) const NEW: &str = "new.";
pub(crate) const SPILL: &str = "spill.";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileId(usize);

impl From<&Stat> for FileId {
    fn from(stat: &Stat) -> Self {
        Self(stat.file)
    }
}

#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    number: usize,
}

impl Directory {
    pub(crate) fn open(path: &Path, _access: Access) -> Result<Self, Error> {
        step();
        world::with(|world| Arc::clone(&world.paths_turn)).change();
        let number = world::with(|world| {
            let next = world.directories.len();
            let number = *world.paths.entry(path.to_owned()).or_insert(next);
            if number == next {
                let turn = Arc::new(Turn::new());
                world.directories.push(Entry { names: Default::default(), turn, removed: false });
            }
            number
        });
        Ok(Self { path: path.to_owned(), number })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn is_in_place(&self) -> bool {
        step();
        world::with(|world| Arc::clone(&world.paths_turn)).look();
        world::with(|world| world.paths.get(&self.path) == Some(&self.number))
    }

    /// An operation on the directory that changes nothing.
    fn look<R>(&self, work: impl FnOnce(&World, &Entry) -> R) -> R {
        step();
        world::with(|world| Arc::clone(&world.directories[self.number].turn)).look();
        world::with(|world| work(world, &world.directories[self.number]))
    }

    /// An operation that changes the directory.
    fn change<R>(&self, work: impl FnOnce(&mut Vec<File>, &mut Entry) -> R) -> R {
        step();
        world::with(|world| Arc::clone(&world.directories[self.number].turn)).change();
        world::with(|world| work(&mut world.files, &mut world.directories[self.number]))
    }

    pub(crate) fn open_file(&self, name: &str) -> Result<Option<(OwnedFd, Stat)>, Error> {
        let file = self.look(|_, entry| entry.names.get(name).copied());
        Ok(file.map(|file| (OwnedFd::new(file), stat(file))))
    }

    pub(crate) fn open_or_create(&self, name: &str) -> Result<(OwnedFd, FileId), Error> {
        loop {
            if let Some((fd, stat)) = self.open_file(name)? {
                return Ok((fd, (&stat).into()));
            }
            self.create(name)?;
        }
    }

    pub(crate) fn create(&self, name: &str) -> Result<Option<OwnedFd>, Error> {
        let made = self.change(|files, entry| {
            if entry.removed {
                return Err(Errno::NOENT);
            }
            if entry.names.contains_key(name) {
                return Ok(None);
            }
            files.push(File {
                len: 0,
                content: Vec::new(),
                memory: None,
                locks: Vec::new(),
                locks_turn: Arc::new(Turn::new()),
            });
            entry.names.insert(name.to_owned(), files.len() - 1);
            Ok(Some(files.len() - 1))
        });
        Ok(made.map_err(|errno| self.refused(name, errno))?.map(OwnedFd::new))
    }

    /// The bytes are zero from here on; mapping the file shows them.
    pub(crate) fn reserve(&self, name: &str, fd: BorrowedFd<'_>, len: u64) -> Result<(), Error> {
        step();
        let memory = name.starts_with(NEW).then(|| Shared::zeroed(usize::try_from(len).unwrap()));
        world::with(|world| {
            let file = &mut world.files[fd.file];
            (file.len, file.memory) = (len, memory);
        });
        Ok(())
    }

    pub(crate) fn names(&self, name: &str, id: FileId) -> bool {
        self.look(|_, entry| entry.names.get(name) == Some(&id.0))
    }

    pub(crate) fn len_of(&self, name: &str, id: FileId) -> Option<usize> {
        self.look(|world, entry| {
            let file = entry.names.get(name).filter(|file| **file == id.0)?;
            usize::try_from(world.files[*file].len).ok()
        })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.look(|_, entry| entry.names.contains_key(name))
    }

    pub(crate) fn rename(&self, from: &str, to: &str) -> Result<(), Errno> {
        self.change(|_, entry| {
            if !entry.names.contains_key(from) {
                return Err(Errno::NOENT);
            }
            if entry.names.contains_key(to) {
                return Err(Errno::EXIST);
            }
            let file = entry.names.remove(from).ok_or(Errno::NOENT)?;
            entry.names.insert(to.to_owned(), file);
            Ok(())
        })
    }

    pub(crate) fn remove(&self, name: &str) {
        self.change(|_, entry| entry.names.remove(name));
    }

    /// As one step, though the kernel's listing takes several: what comes while it is read may or may not be in it.
    pub(crate) fn entries(&self) -> Result<Entries, Error> {
        let names: Vec<_> = self.look(|_, entry| entry.names.keys().cloned().collect());
        Ok(Entries(names.into_iter()))
    }

    pub(crate) fn refused(&self, name: &str, errno: Errno) -> Error {
        Error::Io { action: "cannot use", path: self.path.join(name), source: errno.into() }
    }
}

#[derive(Debug)]
pub(crate) struct Entries(std::vec::IntoIter<String>);

impl Iterator for Entries {
    type Item = Result<String, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(Ok)
    }
}

pub(crate) fn unique() -> String {
    world::with(|world| {
        world.next += 1;
        format!("{:04}", world.next)
    })
}

pub(crate) fn try_lock(fd: impl AsFd) -> bool {
    flock(fd, FlockOperation::NonBlockingLockExclusive).is_ok()
}
