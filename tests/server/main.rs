//! The server over real sockets: bytes in, bytes out.

mod client_events;
mod closing;
mod events_api;
mod handshake;
mod presence;
mod queue;
mod subscriptions;
mod support;
