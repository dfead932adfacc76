//! `canyon serve` as its users run it: it is reloaded, dies, and is told to stop.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod faults;
mod parent;
mod support;
