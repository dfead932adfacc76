//! The queue as its users see it: real processes, real shared memory, real kills.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests say what they found by panicking"
)]

mod basics;
mod cut_short;
mod forks;
mod hostile;
mod kills;
mod names;
mod payload;
mod place;
mod processes;
mod rogue;
mod scribble;
mod space;
mod users;
mod waiting;
