//! The directory of one act: the queue, the publishers' journals, who works in which lane, and what anybody complained.

use crate::Result;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// In shared memory, where queues live; gone when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    root: TempDir,
}

/// Who works in a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Worker {
    pub(crate) id: u32,
    pub(crate) pid: i32,
}

/// How full the queue directory is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Contents {
    pub(crate) rings: usize,
    pub(crate) spills: usize,
    pub(crate) bytes: u64,
}

impl Place {
    pub(crate) fn new() -> Result<Self> {
        let shared = Path::new("/dev/shm");
        let parent = if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() };
        let root = tempfile::Builder::new().prefix("canyon-soak-").tempdir_in(parent)?;
        fs::create_dir(root.path().join("journals"))?;
        fs::create_dir(root.path().join("lanes"))?;
        Ok(Self { root })
    }

    pub(crate) fn path(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn queue(&self) -> PathBuf {
        self.root.path().join("queue")
    }

    /// A file for what processes print; several may share it.
    pub(crate) fn log(&self, name: &str) -> Result<fs::File> {
        Ok(fs::File::options().append(true).create(true).open(self.root.path().join(name))?)
    }

    /// What stands in a log; empty if nobody opened it.
    pub(crate) fn logged(&self, name: &str) -> String {
        let bytes = fs::read(self.root.path().join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Who last began to work in a lane.
    pub(crate) fn worker(&self, lane: usize) -> Option<Worker> {
        let text = fs::read_to_string(self.root.path().join("lanes").join(lane.to_string())).ok()?;
        let (id, pid) = text.split_once(' ')?;
        Some(Worker { id: id.parse().ok()?, pid: pid.parse().ok()? })
    }

    /// How many publishes of a publisher have returned.
    pub(crate) fn returned(&self, id: u32) -> u64 {
        let path = self.root.path().join("journals").join(id.to_string());
        fs::metadata(path).map_or(0, |journal| journal.len())
    }

    /// Holds all publishers back, or lets them go on.
    pub(crate) fn hold(&self, holds: bool) -> Result<()> {
        let path = self.root.path().join("hold");
        match (holds, path.exists()) {
            (true, false) => Ok(fs::write(path, b"")?),
            (false, true) => Ok(fs::remove_file(path)?),
            _ => Ok(()),
        }
    }

    /// All journals: publisher, and its journal's bytes, one for each publish that returned.
    pub(crate) fn journals(&self) -> Result<Vec<(u32, Vec<u8>)>> {
        let mut journals = Vec::new();
        for entry in fs::read_dir(self.root.path().join("journals"))? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            journals.push((name.parse()?, fs::read(&path)?));
        }
        Ok(journals)
    }

    /// What is in the queue directory now. Files may go while we look.
    pub(crate) fn contents(&self) -> Contents {
        let mut contents = Contents::default();
        let Ok(entries) = fs::read_dir(self.queue()) else { return contents };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            contents.rings += usize::from(name.starts_with("ring.") || name.starts_with("new."));
            contents.spills += usize::from(name.starts_with("spill."));
            contents.bytes += entry.metadata().map_or(0, |metadata| metadata.len());
        }
        contents
    }

    /// Names in the queue directory that should not outlive the publishers.
    pub(crate) fn left_behind(&self) -> Result<Vec<String>> {
        let names =
            fs::read_dir(self.queue())?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let names: Result<Vec<String>> = names.collect();
        Ok(names?.into_iter().filter(|name| name != "control" && name != "consumer.lock").collect())
    }
}
