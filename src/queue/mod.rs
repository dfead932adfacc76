//! The queue: a way for any number of processes to hand messages to one, through shared memory, without ever waiting.

mod access;
mod atomics;
mod clock;
mod consumer;
mod control;
mod directory;
mod domain;
mod doorbell;
mod error;
mod fork;
pub mod hooks;
mod layout;
mod producer;
mod reader;
mod ring;
mod segment;
mod spill;
mod wait;
mod writer;

pub use access::Access;
pub use consumer::{Consumer, ConsumerOptions, Counts, Drained, Record};
pub use control::Server;
pub use error::Error;
pub use layout::{PROTOCOL_VERSION, RING_BYTES};
pub use producer::{Producer, ProducerOptions, Status};
pub use wait::{Waker, Woken};
pub use writer::{Push, Writer};

/// The largest payload a queue takes.
pub const MAX_PAYLOAD: usize = 8 * 1024 * 1024;
