//! The `canyon` program under an operator's hands: how it ends, and what it writes down.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod ending;
mod log;
mod program;
mod top;
mod top_live;
mod traffic;
