//! Processes: threads of the model that can be killed at any step.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use super::world;
use crate::queue::hooks::Point;

/// When a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// It lives on.
    Never,
    /// When it comes to a point for the nth time, from 1.
    At(Point, u32),
    /// After so many steps: accesses to shared memory and system calls.
    AfterSteps(u32),
}

#[derive(Debug)]
pub(crate) struct Life {
    death: Death,
    steps: u32,
    alive: bool,
}

impl Life {
    pub(crate) fn immortal() -> Self {
        Self { death: Death::Never, steps: 0, alive: true }
    }
}

/// A process. Everything it has open and locked is its own; its memory is shared only through files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process(usize);

/// The process died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Killed;

/// What a thread knows about its process without asking the kernel, which would order things.
#[derive(Debug, Clone, Copy, Default)]
struct Current {
    process: usize,
    dies_at_a_point: bool,
    dead: bool,
}

#[cfg(feature = "loom")]
loom::thread_local! {
    static CURRENT: Cell<Current> = Cell::new(Current::default());
}
#[cfg(not(feature = "loom"))]
thread_local! {
    static CURRENT: Cell<Current> = Cell::new(Current::default());
}

impl Process {
    /// Starts a process that will die so.
    pub fn start(death: Death) -> Self {
        world::with(|world| {
            world.lives.push(Life { death, ..Life::immortal() });
            Self(world.lives.len() - 1)
        })
    }

    /// Runs `work` as this process, on the calling thread.
    pub fn run<R>(self, work: impl FnOnce() -> R) -> Result<R, Killed> {
        let life = world::with(|world| matches!(world.lives[self.0].death, Death::At(..)));
        let now = Current { process: self.0, dies_at_a_point: life, dead: false };
        let before = CURRENT.with(|current| current.replace(now));
        let done = catch_unwind(AssertUnwindSafe(work));
        CURRENT.with(|current| current.set(before));
        done.map_err(|payload| match payload.downcast::<Killed>() {
            Ok(killed) => *killed,
            Err(other) => resume_unwind(other),
        })
    }

    /// Kills it from outside, as it is.
    pub fn kill(self) {
        lose(self.0);
    }
}

pub(crate) fn current() -> usize {
    CURRENT.with(Cell::get).process
}

/// Whether this process lives. What a dead one does while its stack is taken down has no effect.
pub(crate) fn is_alive() -> bool {
    !CURRENT.with(Cell::get).dead
}

/// Called before every access to shared memory and every system call.
pub(crate) fn step() {
    let id = current();
    let dies = world::with(|world| {
        let life = &mut world.lives[id];
        life.steps += 1;
        life.alive && matches!(life.death, Death::AfterSteps(steps) if life.steps > steps)
    });
    if dies {
        die(id);
    }
}

/// Called at every named point.
pub(crate) fn reach(point: Point) {
    let Current { process: id, dies_at_a_point: true, dead: false } = CURRENT.with(Cell::get) else { return };
    let dies = world::with(|world| {
        let life = &mut world.lives[id];
        if let Death::At(at, left) = &mut life.death
            && *at == point
            && life.alive
        {
            *left -= 1;
            *left == 0
        } else {
            false
        }
    });
    if dies {
        die(id);
    }
}

fn die(id: usize) -> ! {
    lose(id);
    CURRENT.with(|current| current.set(Current { dead: true, ..current.get() }));
    // Not panic!: nothing is wrong, so nothing is printed.
    resume_unwind(Box::new(Killed))
}

/// What the kernel does to a killed process: the locks go one by one, in no order that anybody should rely on.
fn lose(id: usize) {
    world::with(|world| world.lives[id].alive = false);
    let files = world::with(|world| world.files.len());
    for file in 0..files {
        let locked = world::with(|world| world.files[file].locks.iter().any(|lock| lock.process == id));
        if locked {
            let turn = world::with(|world| Arc::clone(&world.files[file].locks_turn));
            turn.change();
            world::with(|world| world.files[file].locks.retain(|lock| lock.process != id));
        }
    }
}
