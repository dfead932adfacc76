//! Large payloads: a file of their own, which a small record in the ring names, so that order is kept.

use std::io::{Read, Write};

use super::directory::Directory;
use super::file::{AsFd, File};
use super::{Error, MAX_PAYLOAD};

/// How much may stand in the spill files of one ring at once; therefore also the largest payload there is.
pub(crate) const LIMIT: u64 = MAX_PAYLOAD as u64;

/// What the ring holds in place of a large payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Bytes in the file.
    pub(crate) len: u64,
    /// All bytes this ring ever spilled, this file included: what is free again once this record is done with. A total
    /// rather than a difference, so that a reservation whose record never came heals with the next one.
    pub(crate) reserved: u64,
}

impl Reference {
    pub(crate) const LEN: usize = 16;

    pub(crate) fn to_bytes(self) -> [u8; Self::LEN] {
        (u128::from(self.len) | u128::from(self.reserved) << 64).to_le_bytes()
    }

    pub(crate) fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        let both = u128::from_le_bytes(bytes);
        Self { len: both as u64, reserved: (both >> 64) as u64 }
    }
}

/// Writes a payload to a file of its own.
pub(crate) fn write(directory: &Directory, name: &str, payload: &[u8]) -> Result<(), Error> {
    let file = match directory.create(name)? {
        Some(file) => file,
        None => {
            // Left by a producer that was killed before any record named it.
            directory.remove(name);
            directory.create(name)?.ok_or_else(|| directory.refused(name, rustix::io::Errno::EXIST))?
        }
    };
    let written = directory.reserve(name, file.as_fd(), payload.len() as u64).and_then(|()| {
        File::from(file).write_all(payload).map_err(|source| Error::Io {
            action: "cannot write",
            path: directory.path().join(name),
            source,
        })
    });
    if written.is_err() {
        directory.remove(name);
    }
    written
}

/// Reads `len` bytes of payload into `buffer`; false if the file is not there or not what its record said.
pub(crate) fn read(directory: &Directory, name: &str, len: u64, buffer: &mut Vec<u8>) -> bool {
    buffer.clear();
    if len > LIMIT {
        return false;
    }
    let Ok(Some((file, _))) = directory.open_file(name) else { return false };
    let read = File::from(file).take(len).read_to_end(buffer);
    read.is_ok_and(|read| read as u64 == len)
}

#[cfg(test)]
mod tests {
    use super::super::access::Access;
    use super::*;

    #[test]
    fn a_reference_survives_the_way_through_bytes() {
        let reference = Reference { len: 3, reserved: u64::MAX - 9 };
        assert_eq!(Reference::from_bytes(reference.to_bytes()), reference);
    }

    #[test]
    fn a_payload_comes_back_and_a_stale_file_of_the_same_name_does_not() {
        let root = tempfile::tempdir().unwrap();
        let directory = Directory::open(&root.path().join("queue"), Access::default()).unwrap();
        write(&directory, "spill.x.0", b"stale and longer").unwrap();
        write(&directory, "spill.x.0", b"fresh").unwrap();
        let mut buffer = vec![1, 2, 3];
        assert!(read(&directory, "spill.x.0", 5, &mut buffer));
        assert_eq!(buffer, b"fresh");
    }

    #[test]
    fn a_missing_short_or_impossibly_long_file_is_not_read() {
        let root = tempfile::tempdir().unwrap();
        let directory = Directory::open(&root.path().join("queue"), Access::default()).unwrap();
        let mut buffer = Vec::new();
        assert!(!read(&directory, "spill.x.0", 5, &mut buffer));
        write(&directory, "spill.x.0", b"1234").unwrap();
        assert!(!read(&directory, "spill.x.0", 5, &mut buffer));
        assert!(!read(&directory, "spill.x.0", LIMIT + 1, &mut buffer));
    }
}
