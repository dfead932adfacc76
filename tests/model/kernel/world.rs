//! Everything the kernel knows: one per execution of a scenario.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::clock;
use super::futex::Sleepers;
#[cfg(not(feature = "loom"))]
pub(crate) use super::memory::Shared;
use super::process::Life;
use crate::queue::directory::RING;
#[cfg(feature = "loom")]
pub(crate) use crate::queue::segment::Shared;
use crate::sync::Turn;

/// The kernel's tables. No operation of the model keeps them while another process may run.
#[derive(Debug)]
pub struct World {
    pub(crate) lives: Vec<Life>,
    /// Which directory a path leads to.
    pub(crate) paths: BTreeMap<PathBuf, usize>,
    pub(crate) paths_turn: Arc<Turn>,
    pub(crate) directories: Vec<Directory>,
    pub(crate) files: Vec<File>,
    /// Numbers for open files and unique names.
    pub(crate) next: usize,
    pub(crate) sleepers: Arc<Sleepers>,
    /// What happened, for whoever has to understand a failure.
    pub(crate) steps: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) names: BTreeMap<String, usize>,
    pub(crate) turn: Arc<Turn>,
    pub(crate) removed: bool,
}

#[derive(Debug)]
pub(crate) struct File {
    pub(crate) len: u64,
    /// What was written by write(), as opposed to through a mapping.
    pub(crate) content: Vec<u8>,
    pub(crate) memory: Option<Shared>,
    pub(crate) locks: Vec<Lock>,
    pub(crate) locks_turn: Arc<Turn>,
}

/// A lock belongs to an open file, as flock() has it.
#[derive(Debug)]
pub(crate) struct Lock {
    pub(crate) open: usize,
    pub(crate) process: usize,
    pub(crate) exclusive: bool,
}

impl World {
    fn new() -> Self {
        Self {
            lives: vec![Life::immortal()],
            paths: BTreeMap::new(),
            paths_turn: Arc::new(Turn::new()),
            directories: Vec::new(),
            files: Vec::new(),
            next: 0,
            sleepers: Arc::new(Sleepers::new()),
            steps: Vec::new(),
        }
    }
}

/// Loom runs the threads of an execution in turns on one thread of the system, and tests on several.
#[cfg(feature = "loom")]
mod home {
    use std::cell::RefCell;

    use super::World;

    thread_local! {
        static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
    }

    pub(crate) fn with<R>(work: impl FnOnce(&mut World) -> R) -> R {
        WORLD.with_borrow_mut(|world| work(world.as_mut().expect("a scenario begins with reset()")))
    }

    /// Nothing where no scenario runs, or the world is in use.
    pub(super) fn try_with<R>(work: impl FnOnce(&World) -> R) -> Option<R> {
        WORLD.with(|world| world.try_borrow().ok()?.as_ref().map(work))
    }

    pub(super) fn put(world: World) {
        WORLD.replace(Some(world));
    }
}

#[cfg(not(feature = "loom"))]
mod home {
    use std::sync::{Mutex, PoisonError};

    use super::World;

    static WORLD: Mutex<Option<World>> = Mutex::new(None);

    pub(crate) fn with<R>(work: impl FnOnce(&mut World) -> R) -> R {
        let mut world = WORLD.lock().unwrap_or_else(PoisonError::into_inner);
        work(world.as_mut().expect("a scenario begins with reset()"))
    }

    pub(super) fn put(world: World) {
        *WORLD.lock().unwrap_or_else(PoisonError::into_inner) = Some(world);
    }
}

pub(crate) use home::with;

/// A new world: no processes, no files.
pub fn reset() {
    home::put(World::new());
    clock::reset();
}

/// Notes a step, if steps are asked for (`CANYON_STEPS=1`).
pub(crate) fn note(step: impl FnOnce() -> String) {
    static ASKED: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    if *ASKED.get_or_init(|| std::env::var_os("CANYON_STEPS").is_some()) {
        let step = format!("{:?} {}", crate::sync::thread::current().id(), step());
        with(|world| world.steps.push(step));
    }
}

/// The steps of this execution so far.
#[cfg(feature = "loom")]
pub(crate) fn steps() -> Vec<String> {
    home::try_with(|world| world.steps.clone()).unwrap_or_default()
}

/// The names in a directory.
pub fn files(path: &Path) -> Vec<String> {
    with(|world| {
        let directory = world.paths.get(path).map(|number| &world.directories[*number]);
        directory.map(|directory| directory.names.keys().cloned().collect()).unwrap_or_default()
    })
}

/// Removes a directory with everything in it, as systemd-logind does: whoever has it open keeps what is mapped.
pub fn remove_directory(path: &Path) {
    let (turn, paths) = with(|world| {
        (Arc::clone(&world.directories[world.paths[path]].turn), Arc::clone(&world.paths_turn))
    });
    turn.change();
    with(|world| world.directories[world.paths[path]].names.clear());
    // One step for the path and the directory.
    paths.change();
    turn.change();
    with(|world| {
        let number = world.paths.remove(path).unwrap();
        world.directories[number].names.clear();
        world.directories[number].removed = true;
    });
}

/// Takes the names of all rings away: whoever has one open keeps it.
pub fn remove_rings(path: &Path) {
    let turn = with(|world| Arc::clone(&world.directories[world.paths[path]].turn));
    turn.change();
    with(|world| world.directories[world.paths[path]].names.retain(|name, _| !name.starts_with(RING)));
}

/// Gives a directory another name: whoever has it open still finds everything in it.
pub fn move_directory(path: &Path) {
    let turn = with(|world| Arc::clone(&world.paths_turn));
    turn.change();
    with(|world| world.paths.remove(path));
}
