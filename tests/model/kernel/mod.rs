//! What the queue asks of the kernel, in memory: processes, files and their locks, the clock, futexes.

pub(crate) mod clock;
pub(crate) mod futex;
#[cfg(not(feature = "loom"))]
pub(crate) mod memory;
pub(crate) mod process;
pub(crate) mod world;
