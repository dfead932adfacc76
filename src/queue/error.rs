//! What can go wrong with a queue, in words that say what to do about it.
//!
//! A full ring, no server, an event too old: those are expected, and are values, not errors.

use std::fmt;
use std::io;
use std::path::PathBuf;

use rustix::fs::RawMode;

/// What can go wrong with a queue.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The system refused something.
    Io {
        /// What was tried: "cannot open", "cannot lock".
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file system has no room for another ring or spill file.
    NoSpace {
        /// What was to be made.
        path: PathBuf,
        /// How large.
        bytes: u64,
    },
    /// The queue's path is no directory.
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// Something in the queue directory is no regular file.
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The queue directory belongs to a user who is not trusted here.
    Owner {
        /// The path.
        path: PathBuf,
        /// Whose it is.
        owner: String,
        /// Who we are.
        me: String,
    },
    /// This user may not use the queue directory, or a file in it.
    Denied {
        /// The path.
        path: PathBuf,
        /// Whose it is.
        owner: String,
        /// Who we are.
        me: String,
    },
    /// The queue directory may be written by people it should not be.
    Mode {
        /// The path.
        path: PathBuf,
        /// Its permission bits.
        mode: RawMode,
        /// Who could write there.
        writers: String,
    },
    /// The queue directory is not open to the group that is configured.
    Group {
        /// The path.
        path: PathBuf,
        /// The configured group.
        wanted: String,
        /// Its group.
        present: String,
        /// Its permission bits.
        mode: RawMode,
    },
    /// This user is not in the group that is configured, so cannot make a queue directory for it.
    NotAMember {
        /// The path.
        path: PathBuf,
        /// The configured group.
        group: String,
        /// Who we are.
        me: String,
    },
    /// A file in the queue directory has a second name, perhaps somewhere else.
    Linked {
        /// The path.
        path: PathBuf,
    },
    /// A file in the queue directory belongs to a user who is not trusted here.
    FileOwner {
        /// The path.
        path: PathBuf,
        /// Whose it is.
        owner: String,
        /// Who we are.
        me: String,
    },
    /// A file in the queue directory may be used by people it should not be.
    FileMode {
        /// The path.
        path: PathBuf,
        /// Its permission bits.
        mode: RawMode,
        /// What they may be at most.
        allowed: RawMode,
        /// Its group, if that is what is wrong.
        group: Option<String>,
    },
    /// Made by another version of Canyon.
    Version {
        /// The path.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// Not made by Canyon, or damaged.
    Damaged {
        /// The path.
        path: PathBuf,
        /// In what way.
        why: &'static str,
    },
    /// Somebody made a file shorter while it was in use.
    CutShort {
        /// The path.
        path: PathBuf,
    },
    /// Another server drains this queue.
    Taken {
        /// The queue directory.
        path: PathBuf,
        /// The other server's process id as it wrote it down.
        pid: Option<u32>,
    },
    /// A payload that no queue takes.
    TooLarge {
        /// Its length.
        len: usize,
        /// The limit.
        limit: usize,
    },
    /// A ring size that cannot be.
    RingBytes {
        /// The size asked for.
        bytes: usize,
    },
    /// The caller wrote another number of bytes than it announced; nothing was published.
    Miscounted {
        /// Announced.
        announced: usize,
        /// Written.
        written: usize,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { action, path, source } => write!(f, "{action} {}: {source}", path.display()),
            Self::NoSpace { path, bytes } => write!(
                f,
                "cannot reserve {} KiB for {}: the file system is full; free space there or enlarge it \
                 (in Docker: --shm-size), or make the rings smaller (canyon.ring_bytes)",
                bytes.div_ceil(1024),
                path.display()
            ),
            Self::NotADirectory { path } => write!(
                f,
                "the queue {} is not a directory; remove it or choose another path for the queue",
                path.display()
            ),
            Self::NotAFile { path } => write!(
                f,
                "{} is not a regular file, so it is not used; nothing else may stand in a queue directory: remove it",
                path.display()
            ),
            Self::Owner { path, owner, me } => write!(
                f,
                "the queue directory {} belongs to {owner}, but this process runs as {me}; run PHP and the server as \
                 the same user, configure {owner} as the queue's owner, or remove the directory",
                path.display()
            ),
            Self::Denied { path, owner, me } => write!(
                f,
                "permission denied: {} belongs to {owner}, and this process runs as {me}; run PHP and the server as the \
                 same user, or let both share the queue directory through a group (canyon.queue_group)",
                path.display()
            ),
            Self::Mode { path, mode, writers } => write!(
                f,
                "the queue directory {} has mode {mode:04o}, so {writers} may write there; run chmod 0700 on it, or \
                 configure its group as the queue's group and use 2770",
                path.display()
            ),
            Self::Group { path, wanted, present, mode } => write!(
                f,
                "the queue directory {} has the group {present} and mode {mode:04o}, so the group {wanted} of the \
                 configuration cannot use it; stop PHP and the server, remove it, and configure the same group for both",
                path.display()
            ),
            Self::NotAMember { path, group, me } => write!(
                f,
                "cannot give the queue directory {} to the group {group}: this process runs as {me}, who is not in it; add \
                 {me} to the group and restart, or configure a group that PHP and the server are both in",
                path.display()
            ),
            Self::Linked { path } => write!(
                f,
                "{} has a second name somewhere (a hard link), so it is not used: what is written to it could change a file \
                 that is none of the queue's; remove it",
                path.display()
            ),
            Self::FileOwner { path, owner, me } => write!(
                f,
                "{} belongs to {owner}, but this process runs as {me}, so it is not used; remove it, or configure {owner} as \
                 the queue's owner",
                path.display()
            ),
            Self::FileMode { path, mode, allowed, group } => {
                write!(f, "{} has mode {mode:04o}, ", path.display())?;
                match group {
                    Some(group) => write!(f, "so the group {group} may use it, which is not the queue's; ")?,
                    None => write!(f, "which is wider than the configured {allowed:04o}; ")?,
                }
                write!(
                    f,
                    "it is not used: run chmod {allowed:04o} on it, or remove it and restart what made it"
                )
            }
            Self::Version { path, found } => write!(
                f,
                "{} was made by queue protocol version {found}, and this is version {}; stop PHP and the server, remove \
                 the queue directory, and start both from the same release of Canyon",
                path.display(),
                super::layout::PROTOCOL_VERSION
            ),
            Self::Damaged { path, why } => write!(
                f,
                "{} is damaged or not made by Canyon ({why}); stop PHP and the server and remove the queue directory",
                path.display()
            ),
            Self::CutShort { path } => write!(
                f,
                "{} was cut short while it was in use, and what it held is lost; a new one takes its place. Find out which \
                 program writes to the queue directory: nothing but Canyon may",
                path.display()
            ),
            Self::Taken { path, pid } => {
                write!(f, "another server drains the queue {}", path.display())?;
                if let Some(pid) = pid {
                    write!(f, " (process {pid})")?;
                }
                f.write_str("; stop it first, or give this server a queue of its own")
            }
            Self::TooLarge { len, limit } => {
                write!(f, "a message of {len} bytes is too large for the queue; the limit is {limit} bytes")
            }
            Self::RingBytes { bytes } => write!(
                f,
                "a ring of {bytes} bytes is not possible; the size must be a power of two from {} to {}",
                super::layout::RING_BYTES.start(),
                super::layout::RING_BYTES.end()
            ),
            Self::Miscounted { announced, written } => {
                write!(
                    f,
                    "{announced} bytes were announced to the queue but {written} written; nothing was published"
                )
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
