//! The control page: opening it, and telling from it whether a consumer lives.

use std::ops::Deref;

use rustix::io::Errno;

use super::atomics::Ordering;
use super::directory::{CONSUMER_LOCK, CONTROL, Directory, FileId, NEW, try_lock, unique};
use super::file::{AsFd, FlockOperation, flock, pwrite};
use super::layout::{Control, FORMAT, PAGE, TICKET_AT, version_of};
use super::segment::ControlMemory;
use super::{Error, clock};

/// A consumer that showed no sign of life for so long may have been replaced together with its directory.
pub(crate) const STALE_MS: u64 = 3000;

/// A control page and which file it is.
#[derive(Debug)]
pub(crate) struct ControlPage {
    memory: ControlMemory,
    id: FileId,
}

impl ControlPage {
    /// Whether whoever comes next finds this page.
    pub(crate) fn is_in_place(&self, directory: &Directory) -> bool {
        directory.is_in_place() && self.has_its_name(directory)
    }

    /// Whether it is the control page of `directory`, and still a file that others can share.
    pub(crate) fn has_its_name(&self, directory: &Directory) -> bool {
        !self.memory.is_lost() && directory.len_of(CONTROL, self.id).is_some_and(|len| len >= PAGE)
    }

    /// Whether its file was cut short: this page is nobody else's any more.
    pub(crate) fn is_lost(&self) -> bool {
        self.memory.is_lost()
    }

    /// Takes the name from a page that was cut short, so that a new one can have it. What to say about it then.
    pub(crate) fn clear_away(&self, directory: &Directory) -> Option<Error> {
        let is_named = directory.names(CONTROL, self.id);
        let is_whole = !self.memory.is_lost() && (!is_named || self.has_its_name(directory));
        if is_whole {
            return None;
        }
        if is_named && let Ok(Some((file, _))) = directory.open_file(CONTROL) {
            // Under the lock, or another one's new page could be removed in place of this one. Whoever holds the lock for
            // longer than a removal takes is none of us.
            for _ in 0..20 {
                if try_lock(&file) {
                    break;
                }
                std::thread::yield_now();
            }
            if directory.names(CONTROL, self.id) {
                directory.remove(CONTROL);
            }
        }
        Some(Error::CutShort { path: directory.path().join(CONTROL) })
    }

    /// Puts the word right that never changes, if somebody wrote over it: whoever comes next would refuse the page.
    pub(crate) fn restore(&self) {
        if self.format.load(Ordering::Relaxed) != FORMAT {
            self.format.store(FORMAT, Ordering::Release);
        }
    }
}

impl Deref for ControlPage {
    type Target = Control;

    fn deref(&self) -> &Control {
        &self.memory
    }
}

/// Opens the control page, making it if this is the first to come.
pub(crate) fn open(directory: &Directory) -> Result<ControlPage, Error> {
    let (file, stat) = loop {
        match directory.open_file(CONTROL)? {
            Some((file, stat)) if stat.st_size >= PAGE as i64 => break (file, stat),
            Some(_) => return Err(damaged(directory, "it is too short")),
            None => create(directory)?,
        }
    };
    let memory = ControlMemory::map(file.as_fd()).map_err(|source| Error::Io {
        action: "cannot map",
        path: directory.path().join(CONTROL),
        source,
    })?;
    match memory.format.compare_exchange(0, FORMAT, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) | Err(FORMAT) => Ok(ControlPage { memory, id: (&stat).into() }),
        Err(found) => Err(match version_of(found) {
            Some(found) => Error::Version { path: directory.path().join(CONTROL), found },
            None => damaged(directory, "its first word is foreign"),
        }),
    }
}

/// Tickets a counter gives out in a millisecond, at most; more than any machine can draw.
const TICKETS_PER_MS: u64 = 1 << 20;

/// Every new page is as good as any other, so whoever's gets the name does not matter.
///
/// The first ticket follows from the time, so that a page that takes the place of another one goes on above it: what still
/// waits in the rings comes first.
fn create(directory: &Directory) -> Result<(), Error> {
    let name = format!("{NEW}{}", unique());
    let Some(file) = directory.create(&name)? else { return Ok(()) };
    let made = directory.reserve(&name, file.as_fd(), PAGE as u64).and_then(|()| {
        let ticket = clock::coarse_ms().saturating_mul(TICKETS_PER_MS);
        pwrite(&file, &ticket.to_ne_bytes(), TICKET_AT as u64)
            .map_err(|errno| directory.refused(&name, errno))?;
        match directory.rename(&name, CONTROL) {
            // Somebody else was first, or a starting consumer took our unlocked file for a forgotten one.
            Ok(()) | Err(Errno::EXIST | Errno::NOENT) => Ok(()),
            Err(errno) => Err(directory.refused(CONTROL, errno)),
        }
    });
    directory.remove(&name);
    made
}

fn damaged(directory: &Directory, why: &'static str) -> Error {
    Error::Damaged { path: directory.path().join(CONTROL), why }
}

/// Whether somebody drains the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// Nobody.
    Absent,
    /// Somebody does.
    Alive {
        /// Since when, in milliseconds since 1970.
        since_ms: u64,
    },
    /// Somebody is there who has not looked for some seconds: paused, or without a processor.
    Silent {
        /// For how many milliseconds.
        for_ms: u64,
    },
}

/// Asks whether a consumer lives: by its lock, which the kernel drops when it dies.
pub(crate) fn server(directory: &Directory, control: &Control) -> Server {
    let seen_ms = control.heartbeat.seen_ms.load(Ordering::Acquire);
    if seen_ms == 0 || !is_locked(directory) {
        return Server::Absent;
    }
    let for_ms = clock::coarse_ms().saturating_sub(seen_ms);
    if for_ms > STALE_MS {
        return Server::Silent { for_ms };
    }
    Server::Alive { since_ms: clock::unix_ms(control.heartbeat.started_ms.load(Ordering::Relaxed)) }
}

/// A shared lock is enough to ask, and leaves others who ask at the same time alone.
fn is_locked(directory: &Directory) -> bool {
    let Ok(Some((file, _))) = directory.open_file(CONSUMER_LOCK) else { return false };
    flock(&file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK)
}
