//! The server over real sockets: bytes in, bytes out.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod addresses;
mod cache;
mod ceiling;
mod channels_api;
mod churn;
mod client_events;
mod closing;
mod crowd;
mod dashboard;
mod events_api;
mod flooding;
mod handover;
mod handshake;
mod limits;
mod metrics;
mod metrics_reload;
mod partner;
mod presence;
mod queue;
mod raw;
mod slow;
mod start;
mod status;
mod subscriptions;
mod support;
mod tls;
mod users;
mod watching;
mod webhook_receiver;
mod webhooks;
