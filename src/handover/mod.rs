//! The words in which one server gives everything it has to another one, and the way they travel.
//!
//! Who says what when, and who serves if something breaks, is in [`server`](crate::server)'s part of it. Here are the parts
//! that all others share: [`state`], what is told; [`wire`], how; [`halt`], how threads stand still meanwhile.

pub(crate) mod fault;
pub(crate) mod halt;
mod sockets;
pub(crate) mod state;
pub(crate) mod watched;
pub(crate) mod wire;

/// Clients in one message: each comes with a descriptor.
pub(crate) const BATCH: usize = sockets::MOST;
