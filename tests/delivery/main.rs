//! What a delivery costs, counted: system calls and allocations of the server's threads.
//!
//! The counters stand where nothing gets past them: this program has an allocator of its own, and functions of its own
//! that are linked in the place of the C library's `send`, `sendmsg`, `write`, `read` and so on. The sockets are real.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod allocations;
mod audience;
mod backlog;
mod calls;
mod costs;
mod threads;
