//! The queue, run by a model checker.
//!
//! [`queue`] is made of the very files of `src/queue`: every algorithm, its orderings and its decisions are the real ones.
//! What they stand on is exchanged, file for file: the atomics (`atomics.rs`), the mapped memory (`segment.rs`), and what
//! the kernel does (`kernel/`): files and their locks, the clock, futexes, processes that die.
//!
//! A process is a thread here. It dies by [`Death`]: at a named point, or before any one of its steps (a step is an access
//! to shared memory or a system call), whereupon the model's kernel drops its locks and nothing of it runs any more.

#![cfg_attr(
    feature = "loom",
    allow(clippy::arc_with_non_send_sync, reason = "Loom's threads take turns on one")
)]

#[cfg(feature = "loom")]
mod explore;
mod kernel;
#[cfg(feature = "loom")]
mod mutation;
pub mod queue;
#[cfg(not(feature = "loom"))]
mod repeat;
mod sync;

#[cfg(feature = "loom")]
pub use explore::{explore, explore_until};
pub use kernel::clock::pass as pass_time;
pub use kernel::futex::{rings, sleeps};
pub use kernel::process::{Death, Killed, Process};
pub use kernel::world::{World, files, move_directory, remove_directory, remove_rings, reset};
#[cfg(not(feature = "loom"))]
pub use repeat::{explore, explore_until};
pub use sync::{Flag, Thread, spawn};
