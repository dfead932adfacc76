//! The unit tests that Miri can run, of files that need no others; the real `segment.rs` is run by the scenarios.

#![allow(dead_code, unused_imports, reason = "only their tests are wanted")]

#[path = "../../src/queue/atomics.rs"]
mod atomics;
#[path = "../../src/event.rs"]
mod event;
#[path = "../../src/queue/layout.rs"]
mod layout;
