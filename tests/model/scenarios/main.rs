//! The queue's scenarios, each with all of its legal outcomes.

mod bench;
mod death;
mod moved;
#[cfg(feature = "loom")]
mod mutations;
mod order;
mod room;
mod sleep;
