//! The queue directory: making it, checking it, and everything done to files in it.
//!
//! All files are reached through the directory's descriptor, never by path, so that a directory which is replaced
//! meanwhile cannot be half used; and opened without following links, and refused unless they are regular files.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FallocateFlags, FileType, FlockOperation, Gid, Mode, OFlags, Stat};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::geteuid;

use super::Error;
use super::access::{Access, group as group_name, user};
use super::atomics::{AtomicU32, Ordering};

/// The control page.
pub(crate) const CONTROL: &str = "control";
/// Locked by the one consumer.
pub(crate) const CONSUMER_LOCK: &str = "consumer.lock";
/// A ring in use: `ring.<unique>`.
pub(crate) const RING: &str = "ring.";
/// A ring being made: `new.<unique>`.
pub(crate) const NEW: &str = "new.";
/// A large payload: `spill.<unique of its ring>.<position of its record>`.
pub(crate) const SPILL: &str = "spill.";

/// Which file or directory, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileId(u64, u64);

impl From<&Stat> for FileId {
    fn from(stat: &Stat) -> Self {
        #[allow(
            clippy::useless_conversion,
            clippy::unnecessary_cast,
            reason = "the types differ between systems"
        )]
        Self(stat.st_dev as u64, stat.st_ino.into())
    }
}

/// An open queue directory.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    fd: OwnedFd,
    id: FileId,
    access: Access,
}

impl Directory {
    /// Opens the queue directory, making it if need be, and refuses one that is not safe.
    pub(crate) fn open(path: &Path, access: Access) -> Result<Self, Error> {
        // The working directory may change before the path is needed again.
        let path = std::path::absolute(path).map_err(failed("cannot find the queue directory", path))?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let open = || rustix::fs::openat(CWD, &path, flags, Mode::empty());
        let mut made = false;
        let mut found = open();
        for _ in 0..3 {
            if found.as_ref().err() != Some(&Errno::NOENT) {
                break;
            }
            made = match rustix::fs::mkdir(&path, Mode::RWXU) {
                Ok(()) => true,
                Err(Errno::EXIST) => false,
                Err(errno) => return Err(failed("cannot make the queue directory", &path)(errno.into())),
            };
            found = open();
        }
        let fd = match found {
            Ok(fd) => fd,
            Err(Errno::NOTDIR | Errno::LOOP) => return Err(Error::NotADirectory { path }),
            Err(errno) => {
                // Whose directory it is says more than "denied".
                let stat = rustix::fs::stat(&path).map_err(|_| opened(&path, errno))?;
                access.check(&path, &stat)?;
                return Err(if errno == Errno::ACCESS { denied(path, &stat) } else { opened(&path, errno) });
            }
        };
        if made {
            share(&fd, &path, access).inspect_err(|_| {
                // One that nobody else can use would be in the way of whoever could make a better one.
                let _ = rustix::fs::rmdir(&path);
            })?;
        }
        let examine =
            || rustix::fs::fstat(&fd).map_err(|errno| failed("cannot examine", &path)(errno.into()));
        let mut stat = examine()?;
        match access.check(&path, &stat) {
            // Somebody is about to make it, or could not: files come into it only when its group and mode are set.
            Err(Error::Group { .. }) => {
                if stat.st_uid == geteuid().as_raw() && is_empty(&fd, &path)? {
                    share(&fd, &path, access)?;
                }
                stat = examine()?;
                access.check(&path, &stat)?;
            }
            checked => checked?,
        }
        Ok(Self { id: (&stat).into(), path, fd, access })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the path still leads here; systemd-logind, for one, removes users' directories from /dev/shm.
    pub(crate) fn is_in_place(&self) -> bool {
        rustix::fs::lstat(&self.path).is_ok_and(|stat| FileId::from(&stat) == self.id)
    }

    /// Opens a file for reading and writing; `None` if there is none of this name.
    pub(crate) fn open_file(&self, name: &str) -> Result<Option<(OwnedFd, Stat)>, Error> {
        match self.openat(name, OFlags::RDWR) {
            Ok(fd) => self.checked(name, fd).map(Some),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(self.refused(name, errno)),
        }
    }

    /// Opens a file, making an empty one if there is none.
    pub(crate) fn open_or_create(&self, name: &str) -> Result<(OwnedFd, FileId), Error> {
        for _ in 0..100 {
            if let Some((fd, stat)) = self.open_file(name)? {
                return Ok((fd, (&stat).into()));
            }
            // Opened again even if made here: then there is one way only.
            self.create(name)?;
        }
        Err(self.refused(name, Errno::BUSY))
    }

    /// Makes a file; `None` if the name is taken.
    pub(crate) fn create(&self, name: &str) -> Result<Option<OwnedFd>, Error> {
        let fd = match self.openat(name, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL) {
            Ok(fd) => fd,
            Err(Errno::EXIST) => return Ok(None),
            Err(Errno::NOSPC | Errno::DQUOT) => return Err(self.no_space(name, 0)),
            Err(errno) => return Err(self.refused(name, errno)),
        };
        // The umask had its say; in a shared directory the group must have its own. Without setgid on the directory the
        // file's group is ours and has to be set.
        if let Some(group) = self.access.group {
            let _ = rustix::fs::fchown(&fd, None, Some(Gid::from_raw(group)));
        }
        rustix::fs::fchmod(&fd, self.access.file_mode()).map_err(|errno| self.refused(name, errno))?;
        Ok(Some(fd))
    }

    fn openat(&self, name: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        // NONBLOCK: a FIFO put here by mistake must not make anybody wait.
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        // A new file is ours alone until it has its group.
        rustix::fs::openat(&self.fd, name, flags, Mode::RUSR | Mode::WUSR)
    }

    fn checked(&self, name: &str, fd: OwnedFd) -> Result<(OwnedFd, Stat), Error> {
        let path = self.path.join(name);
        let mut stat = rustix::fs::fstat(&fd).map_err(|errno| self.refused(name, errno))?;
        for _ in 0..20 {
            if stat.st_nlink <= 1 || FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
                break;
            }
            // Where files cannot be renamed without replacing, a new one has two names for an instant.
            std::thread::yield_now();
            stat = rustix::fs::fstat(&fd).map_err(|errno| self.refused(name, errno))?;
        }
        self.access.check_file(&path, &stat)?;
        Ok((fd, stat))
    }

    /// Reserves `len` bytes for a file, so that writing to its mapping later cannot fail.
    pub(crate) fn reserve(&self, name: &str, fd: BorrowedFd<'_>, len: u64) -> Result<(), Error> {
        match retry_on_intr(|| rustix::fs::fallocate(fd, FallocateFlags::empty(), 0, len)) {
            Ok(()) => Ok(()),
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => match fill_with_zeros(fd, len) {
                Ok(()) => Ok(()),
                Err(Errno::NOSPC | Errno::DQUOT) => Err(self.no_space(name, len)),
                Err(errno) => Err(self.refused(name, errno)),
            },
            Err(Errno::NOSPC | Errno::DQUOT) => Err(self.no_space(name, len)),
            Err(errno) => Err(self.refused(name, errno)),
        }
    }

    /// Whether `name` is this very file.
    pub(crate) fn names(&self, name: &str, id: FileId) -> bool {
        self.len_of(name, id).is_some()
    }

    /// How long the file is, if `name` is this very one.
    pub(crate) fn len_of(&self, name: &str, id: FileId) -> Option<usize> {
        let stat = rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        if FileId::from(&stat) == id { usize::try_from(stat.st_size).ok() } else { None }
    }

    /// Whether there is anything of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    /// Gives a new file its name; `Errno::EXIST` if that is taken.
    pub(crate) fn rename(&self, from: &str, to: &str) -> Result<(), Errno> {
        #[cfg(target_os = "linux")]
        match rustix::fs::renameat_with(&self.fd, from, &self.fd, to, rustix::fs::RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS) => {}
            done => return done,
        }
        rustix::fs::linkat(&self.fd, from, &self.fd, to, AtFlags::empty())?;
        rustix::fs::unlinkat(&self.fd, from, AtFlags::empty())
    }

    /// Removes a file; that it is gone already is fine.
    pub(crate) fn remove(&self, name: &str) {
        let _ = rustix::fs::unlinkat(&self.fd, name, AtFlags::empty());
    }

    /// The names of everything in the directory, read as they are asked for.
    pub(crate) fn entries(&self) -> Result<Entries, Error> {
        Entries::read(&self.fd, &self.path)
    }

    /// An error about a file in this directory.
    pub(crate) fn refused(&self, name: &str, errno: Errno) -> Error {
        let path = self.path.join(name);
        match errno {
            // What open says about a link, a directory and a socket.
            Errno::LOOP | Errno::ISDIR | Errno::NXIO => Error::NotAFile { path },
            Errno::ACCESS => match rustix::fs::stat(&path).or_else(|_| rustix::fs::fstat(&self.fd)) {
                Ok(stat) => denied(path, &stat),
                Err(_) => failed("cannot use", &path)(errno.into()),
            },
            errno => failed("cannot use", &path)(errno.into()),
        }
    }

    fn no_space(&self, name: &str, bytes: u64) -> Error {
        Error::NoSpace { path: self.path.join(name), bytes }
    }
}

/// What is in a directory.
#[derive(Debug)]
pub(crate) struct Entries {
    dir: rustix::fs::Dir,
    path: PathBuf,
}

impl Entries {
    fn read(fd: &OwnedFd, path: &Path) -> Result<Self, Error> {
        let dir =
            rustix::fs::Dir::read_from(fd).map_err(|errno| failed("cannot list", path)(errno.into()))?;
        Ok(Self { dir, path: path.to_owned() })
    }
}

impl Iterator for Entries {
    type Item = Result<String, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.dir.next()?;
        // A name that is no text is none of ours: nothing is found under what it is turned into.
        Some(match entry {
            Ok(entry) => Ok(entry.file_name().to_string_lossy().into_owned()),
            Err(errno) => Err(failed("cannot list", &self.path)(errno.into())),
        })
    }
}

/// Gives a directory that is ours the group and mode of the configuration.
fn share(fd: &OwnedFd, path: &Path, access: Access) -> Result<(), Error> {
    if let Some(group) = access.group {
        rustix::fs::fchown(fd, None, Some(Gid::from_raw(group))).map_err(|errno| match errno {
            Errno::PERM => Error::NotAMember {
                path: path.to_owned(),
                group: group_name(group),
                me: user(geteuid().as_raw()),
            },
            errno => failed("cannot set the group of", path)(errno.into()),
        })?;
    }
    rustix::fs::fchmod(fd, access.directory_mode())
        .map_err(|errno| failed("cannot set the mode of", path)(errno.into()))
}

/// Whether there is nothing in it.
fn is_empty(fd: &OwnedFd, path: &Path) -> Result<bool, Error> {
    let mut entries = Entries::read(fd, path)?;
    Ok(entries.all(|name| name.is_ok_and(|name| name == "." || name == "..")))
}

fn opened(path: &Path, errno: Errno) -> Error {
    failed("cannot open the queue directory", path)(errno.into())
}

fn denied(path: PathBuf, stat: &Stat) -> Error {
    Error::Denied { path, owner: user(stat.st_uid), me: user(geteuid().as_raw()) }
}

/// For `map_err`: what was tried on what.
fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Io { action, path: path.to_owned(), source }
}

fn fill_with_zeros(fd: BorrowedFd<'_>, len: u64) -> Result<(), Errno> {
    let zeros = [0; 4096];
    let mut at = 0;
    while at < len {
        let part = usize::try_from(len - at).unwrap_or(usize::MAX).min(zeros.len());
        at += retry_on_intr(|| rustix::io::pwrite(fd, &zeros[..part], at))? as u64;
    }
    Ok(())
}

/// A name part that no other process and no earlier call has used.
pub(crate) fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    // The pid alone would not do: it comes again, and containers that share the directory have the same ones.
    format!("{:x}-{:x}-{:x}", now.as_nanos(), std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Takes the file's lock if nobody has it.
pub(crate) fn try_lock(fd: impl AsFd) -> bool {
    retry_on_intr(|| rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive)).is_ok()
}
