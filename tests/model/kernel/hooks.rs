//! The queue's named points, where a process of the model may die.

#[path = "../../../src/queue/hooks.rs"]
mod real;

pub use real::Point;

pub(crate) use crate::kernel::process::reach;
