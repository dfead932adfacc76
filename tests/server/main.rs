//! The server over real sockets: bytes in, bytes out.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod cache;
mod channels_api;
mod client_events;
mod closing;
mod events_api;
mod flooding;
mod handshake;
mod limits;
mod presence;
mod queue;
mod start;
mod subscriptions;
mod support;
mod users;
mod webhook_receiver;
mod webhooks;
