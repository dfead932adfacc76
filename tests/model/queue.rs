//! `src/queue/mod.rs` over the model: the same modules, a few of them exchanged.

#![allow(dead_code, unused_imports, reason = "the model needs a part of the queue only")]

// Exchanged. Each offers what the file of the same name in `src/queue` offers.
#[cfg_attr(feature = "loom", path = "atomics.rs")]
#[cfg_attr(not(feature = "loom"), path = "kernel/real_atomics.rs")]
pub(crate) mod atomics;
pub(crate) use crate::kernel::clock;
#[path = "kernel/directory.rs"]
pub(crate) mod directory;
#[path = "kernel/fault.rs"]
pub(crate) mod fault;
#[path = "kernel/file.rs"]
pub(crate) mod file;
#[path = "kernel/fork.rs"]
pub(crate) mod fork;
#[path = "kernel/hooks.rs"]
pub mod hooks;
#[cfg_attr(feature = "loom", path = "segment.rs")]
#[cfg_attr(not(feature = "loom"), path = "../../src/queue/segment.rs")]
pub(crate) mod segment;

// The real ones.
#[path = "../../src/queue/access.rs"]
mod access;
#[path = "../../src/queue/backlog.rs"]
mod backlog;
#[path = "../../src/queue/consumer.rs"]
mod consumer;
#[path = "../../src/queue/control.rs"]
mod control;
#[path = "../../src/queue/domain.rs"]
mod domain;
#[path = "../../src/queue/doorbell.rs"]
mod doorbell;
#[path = "../../src/queue/error.rs"]
mod error;
#[path = "../../src/queue/layout.rs"]
pub(crate) mod layout;
#[path = "../../src/queue/lock.rs"]
mod lock;
#[path = "../../src/queue/producer.rs"]
mod producer;
#[path = "../../src/queue/reader.rs"]
mod reader;
#[path = "../../src/queue/ring.rs"]
mod ring;
#[path = "../../src/queue/spill.rs"]
mod spill;
#[path = "../../src/queue/sweep.rs"]
mod sweep;
#[path = "../../src/queue/traffic.rs"]
mod traffic;
#[path = "../../src/queue/wait.rs"]
mod wait;
#[path = "../../src/queue/writer.rs"]
mod writer;

pub use access::Access;
pub use consumer::{Consumer, ConsumerOptions, Counts, Drained, Record};
pub use error::Error;
pub use producer::{Producer, ProducerOptions};
pub use wait::{Waker, Woken};
pub use writer::{Push, Writer};

/// As in `src/queue/mod.rs`.
pub const MAX_PAYLOAD: usize = 8 * 1024 * 1024;
