//! Who may share a queue directory, and whether one that exists is safe to use.

use std::fmt;
use std::path::Path;

use rustix::fs::{FileType, Mode, Stat};
use rustix::process::geteuid;

use super::Error;

/// Who may share a queue directory besides this user and root.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Access {
    /// A user whose directory is trusted.
    pub owner: Option<u32>,
    /// A group that may read and write: the directory is 2770 and its files 0660 then.
    pub group: Option<u32>,
}

impl Access {
    /// From names or numbers, as people configure them; empty means nobody.
    pub fn named(owner: &str, group: &str) -> Result<Self, Unknown> {
        let id = |name: &str, is_group: bool| {
            if name.is_empty() {
                return Ok(None);
            }
            let known = name.parse().ok().or_else(|| id_of(if is_group { GROUPS } else { USERS }, name));
            known.map(Some).ok_or_else(|| Unknown { name: name.to_owned(), is_group })
        };
        Ok(Self { owner: id(owner, false)?, group: id(group, true)? })
    }

    /// The mode of a new queue directory.
    pub(crate) fn directory_mode(self) -> Mode {
        Mode::from_raw_mode(if self.group.is_some() { 0o2770 } else { 0o700 })
    }

    /// The mode of new files in it.
    pub(crate) fn file_mode(self) -> Mode {
        Mode::from_raw_mode(if self.group.is_some() { 0o660 } else { 0o600 })
    }

    /// Refuses a directory that others could have prepared or could change.
    pub(crate) fn check(self, path: &Path, stat: &Stat) -> Result<(), Error> {
        let me = geteuid().as_raw();
        if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
            return Err(Error::NotADirectory { path: path.to_owned() });
        }
        // Whoever made it for the group could give it to the group only as a member, and members may do everything there.
        let is_groups = self.group == Some(stat.st_gid);
        if stat.st_uid != me && stat.st_uid != 0 && Some(stat.st_uid) != self.owner && !is_groups {
            let (owner, me) = (user(stat.st_uid), user(me));
            return Err(Error::Owner { path: path.to_owned(), owner, me });
        }
        let mode = stat.st_mode & 0o7777;
        let writers = if mode & 0o002 != 0 {
            "everybody".to_owned()
        } else if mode & 0o020 != 0 && !is_groups {
            format!("the group {}", group(stat.st_gid))
        } else if let Some(wanted) = self.group.filter(|_| !is_groups || mode & 0o070 != 0o070) {
            let (wanted, present) = (group(wanted), group(stat.st_gid));
            return Err(Error::Group { path: path.to_owned(), wanted, present, mode });
        } else {
            return Ok(());
        };
        Err(Error::Mode { path: path.to_owned(), mode, writers })
    }

    /// Refuses a file in the directory that others could have prepared, read or changed.
    pub(crate) fn check_file(self, path: &Path, stat: &Stat) -> Result<(), Error> {
        let path = || path.to_owned();
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(Error::NotAFile { path: path() });
        }
        if stat.st_nlink > 1 {
            return Err(Error::Linked { path: path() });
        }
        let me = geteuid().as_raw();
        let is_trusted = stat.st_uid == me || stat.st_uid == 0 || Some(stat.st_uid) == self.owner;
        // Where a group shares the directory, every member may have made it.
        if !is_trusted && self.group.is_none() {
            return Err(Error::FileOwner { path: path(), owner: user(stat.st_uid), me: user(me) });
        }
        let is_foreign_group = stat.st_mode & 0o070 != 0 && Some(stat.st_gid) != self.group;
        let allowed = self.file_mode().as_raw_mode();
        if is_foreign_group || stat.st_mode & 0o077 & !allowed != 0 {
            let mode = stat.st_mode & 0o7777;
            let group = (is_foreign_group && mode & 0o007 == 0).then(|| group(stat.st_gid));
            return Err(Error::FileMode { path: path(), mode, allowed, group });
        }
        Ok(())
    }
}

/// A user or group that this system does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// What it was called.
    pub name: String,
    /// Whether it should have been a group.
    pub is_group: bool,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, file) = if self.is_group { ("group", GROUPS) } else { ("user", USERS) };
        write!(
            f,
            "names no {what} of this system: {file} has none called {:?}; its number does as well",
            self.name
        )
    }
}

impl std::error::Error for Unknown {}

const USERS: &str = "/etc/passwd";
const GROUPS: &str = "/etc/group";

/// `name (uid)` where it has a name.
pub(crate) fn user(uid: u32) -> String {
    named(USERS, uid)
}

/// `name (gid)` where it has a name.
pub(crate) fn group(gid: u32) -> String {
    named(GROUPS, gid)
}

fn id_of(file: &str, name: &str) -> Option<u32> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then(|| fields.nth(1)?.parse().ok())?
    })
}

fn named(file: &str, id: u32) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    match text.lines().find_map(|line| name_in(line, id)) {
        Some(name) => format!("{name} ({id})"),
        None => format!("{id}"),
    }
}

/// Both files are `name:password:id:...`.
fn name_in(line: &str, id: u32) -> Option<&str> {
    let mut fields = line.split(':');
    let name = fields.next()?;
    (fields.nth(1)?.parse() == Ok(id)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat_of(mode: u32, uid: u32, gid: u32) -> Stat {
        let directory = tempfile::tempdir().unwrap();
        let mut stat = rustix::fs::stat(directory.path()).unwrap();
        stat.st_mode = FileType::Directory.as_raw_mode() | mode;
        (stat.st_uid, stat.st_gid) = (uid, gid);
        stat
    }

    fn check(access: Access, mode: u32, uid: u32, gid: u32) -> Result<(), String> {
        access.check(Path::new("/queue"), &stat_of(mode, uid, gid)).map_err(|error| error.to_string())
    }

    const STRANGER: u32 = 54_321;

    #[test]
    fn our_own_private_directory_is_trusted_and_so_is_roots() {
        let me = geteuid().as_raw();
        assert_eq!(check(Access::default(), 0o700, me, 0), Ok(()));
        assert_eq!(check(Access::default(), 0o755, 0, 0), Ok(()));
    }

    #[test]
    fn a_strangers_directory_is_refused_by_name_unless_configured() {
        let refused = check(Access::default(), 0o700, STRANGER, 0).unwrap_err();
        assert!(refused.contains("belongs to 54321") && refused.contains("/queue"), "{refused}");
        assert_eq!(check(Access { owner: Some(STRANGER), group: None }, 0o700, STRANGER, 0), Ok(()));
    }

    #[test]
    fn a_directory_everybody_may_write_is_refused() {
        let refused = check(Access { owner: None, group: Some(5) }, 0o2777, 0, 5).unwrap_err();
        assert!(refused.contains("mode 2777") && refused.contains("everybody"), "{refused}");
    }

    #[test]
    fn a_group_may_write_only_if_it_is_the_configured_one() {
        let refused = check(Access::default(), 0o770, 0, STRANGER).unwrap_err();
        assert!(refused.contains("the group 54321"), "{refused}");
        assert!(check(Access { owner: None, group: Some(5) }, 0o770, 0, STRANGER).is_err());
        assert_eq!(check(Access { owner: None, group: Some(STRANGER) }, 0o2770, 0, STRANGER), Ok(()));
    }

    fn check_file(access: Access, mode: u32, uid: u32, gid: u32) -> Result<(), String> {
        let mut stat = stat_of(mode, uid, gid);
        stat.st_mode = FileType::RegularFile.as_raw_mode() | mode;
        stat.st_nlink = 1;
        access.check_file(Path::new("/queue/ring.x"), &stat).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_is_ours_alone_or_shared_with_exactly_the_configured_group() {
        let me = geteuid().as_raw();
        let shared = Access { owner: None, group: Some(5) };
        for (access, mode, uid, gid) in [
            (Access::default(), 0o600, me, 7),
            (Access::default(), 0o400, 0, 7),
            (Access { owner: Some(STRANGER), group: None }, 0o600, STRANGER, 7),
            (shared, 0o660, STRANGER, 5),
            (shared, 0o600, STRANGER, 7),
        ] {
            assert_eq!(check_file(access, mode, uid, gid), Ok(()), "{access:?} {mode:o}");
        }
        for (access, mode, uid, gid, words) in [
            (Access::default(), 0o600, STRANGER, 7, "belongs to 54321"),
            (Access::default(), 0o666, me, 7, "has mode 0666"),
            (Access::default(), 0o604, me, 7, "run chmod 0600"),
            (Access::default(), 0o640, me, STRANGER, "the group 54321"),
            (shared, 0o664, me, 5, "run chmod 0660"),
            (shared, 0o660, me, STRANGER, "the group 54321"),
        ] {
            let refused = check_file(access, mode, uid, gid).unwrap_err();
            assert!(refused.contains(words) && refused.contains("/queue/ring.x"), "{mode:o}: {refused}");
        }
    }

    #[test]
    fn a_directory_of_the_configured_group_is_trusted_whoever_in_the_group_made_it() {
        let shared = Access { owner: None, group: Some(5) };
        assert_eq!(check(shared, 0o2770, STRANGER, 5), Ok(()));
        assert!(check(shared, 0o2770, STRANGER, STRANGER).is_err());
        assert!(check(shared, 0o2777, STRANGER, 5).is_err());
    }

    #[test]
    fn a_directory_closed_to_the_configured_group_is_refused_by_name() {
        for (mode, group) in [(0o700, STRANGER), (0o700, 5), (0o2750, 5)] {
            let refused = check(Access { owner: None, group: Some(5) }, mode, 0, group).unwrap_err();
            assert!(refused.contains(&format!("mode {mode:04o}")) && refused.contains("(5)"), "{refused}");
        }
    }

    #[test]
    fn owner_and_group_are_configured_by_name_or_number() {
        assert_eq!(Access::named("", ""), Ok(Access::default()));
        assert_eq!(Access::named("root", "7"), Ok(Access { owner: Some(0), group: Some(7) }));
        let unknown = Access::named("", "no such group").unwrap_err();
        assert!(unknown.is_group && unknown.to_string().contains("/etc/group"), "{unknown}");
    }

    #[test]
    fn users_are_called_by_their_names() {
        assert_eq!(user(0), "root (0)");
        assert_eq!(user(STRANGER), "54321");
    }
}
