//! The lock of the one consumer of a queue directory.

use std::time::Duration;

use super::Error;
use super::directory::{CONSUMER_LOCK, Directory, FileId, try_lock};
use super::file::{ftruncate, pread, pwrite};
use super::fork::LockedFd;

/// Held for as long as it exists; the kernel drops it when the process dies.
#[derive(Debug)]
pub(crate) struct Lock {
    /// Held for the lock on it.
    _file: LockedFd,
    id: FileId,
}

impl Lock {
    /// Takes the lock. Publishers who ask whether a server lives hold it for an instant, so one refusal is none.
    pub(crate) fn take(directory: &Directory) -> Result<Self, Error> {
        let mut pid = None;
        for _ in 0..20 {
            let (file, id) = directory.open_or_create(CONSUMER_LOCK)?;
            let file = LockedFd::new(file);
            if file.get().is_some_and(try_lock) {
                if directory.names(CONSUMER_LOCK, id) {
                    write_pid(&file);
                    return Ok(Self { _file: file, id });
                }
            } else {
                pid = read_pid(&file);
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        Err(Error::Taken { path: directory.path().to_owned(), pid })
    }

    /// Whether it keeps another consumer out of this directory.
    pub(crate) fn has_its_name(&self, directory: &Directory) -> bool {
        directory.names(CONSUMER_LOCK, self.id)
    }
}

fn read_pid(lock: &LockedFd) -> Option<u32> {
    let mut text = [0; 16];
    let len = pread(lock.get()?, &mut text, 0).ok()?;
    std::str::from_utf8(text.get(..len)?).ok()?.trim().parse().ok()
}

/// For people who want to know who drains the queue; nothing decides by it.
fn write_pid(lock: &LockedFd) {
    if let Some(file) = lock.get() {
        let _ = ftruncate(file, 0);
        let _ = pwrite(file, format!("{}\n", std::process::id()).as_bytes(), 0);
    }
}
