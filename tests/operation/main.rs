//! The `canyon` program under an operator's hands: who starts it, how it ends, and what it writes down.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod activation;
mod ending;
mod log;
mod notification;
mod process_one;
mod program;
mod top;
mod top_live;
mod traffic;
