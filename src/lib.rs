//! Canyon: real-time broadcasting for Laravel applications that live on one server.
//!
//! Follow one message through the house:
//!
//! ```text
//!  broadcast(new OrderShipped)             php/src/Broadcasting: channels formatted, payload encoded once
//!    │
//!  extension   Canyon\Publisher            other doors: capi (a C library), main (canyon publish), http
//!    │
//!  check       names and sizes             at the call, so that a mistake shows where it is made
//!    │
//!  event       what is published           to a queue record and back
//!  queue       ═══ shared memory ═══       a ring per publishing process; lock-free; survives kill -9 on either side
//!    │
//!  drain       one thread per queue        record → event
//!    │            ┌── http                 the Pusher HTTP API, and the way in for WebSocket clients
//!  hub         who listens, on which worker; who is present
//!    │            └── client events        come back up from connections
//!  worker      1..n threads                each owns its connections; inbox → outboxes → one send each
//!    │
//!  connection  one client's state          session, outbox, socket
//!    │
//!  protocol    the words of Pusher         pure functions
//!
//!  webhook     one thread                  what happens on channels, told to webhooks and to the host's poll()
//!  watch       for people who look         history, refusals, and what passes the hub while somebody looks
//! ```
//!
//! [`parent`] is another process, which keeps a server running, generation after generation. One gives the next everything
//! it has: `handover` has the words for it, each module tells its own part, and `server::give` says in which order.
//! [`systemd`] is how the parent tells its supervisor of all that.
//!
//! [`top`] shows in a terminal what a server does; it only knows the HTTP API.
//!
//! [`server`] starts and stops all of it; [`config`] says what it may be told; `metrics`, `health`, `pulse`, `view` and `watch`
//! are leaves that all may write, and `limits` what they write when somebody meets one; `address`, `escape`, `outbound`, `spare`
//! and `sparing` are leaves that all may use.
//! Nothing in this list uses what stands to its right: `error, config ← protocol ← hub ← connection ← worker ← http ←
//! server`, `hub ← webhook ← server`, `event ← queue ← drain`. A test holds the house to that.

#[cfg(feature = "server")]
mod address;
#[cfg(feature = "server")]
mod bell;
pub mod check;
pub mod event;
pub mod publisher;
pub mod queue;

#[cfg(feature = "capi")]
pub mod capi;
#[cfg(feature = "server")]
pub mod config;
#[cfg(feature = "server")]
mod connection;
#[cfg(feature = "server")]
mod drain;
#[cfg(feature = "server")]
mod error;
#[cfg(feature = "server")]
mod escape;
#[cfg(feature = "extension")]
pub mod extension;
#[cfg(feature = "server")]
mod fork_guard;
#[cfg(feature = "server")]
mod handover;
#[cfg(feature = "server")]
mod health;
#[cfg(feature = "server")]
mod http;
#[cfg(feature = "server")]
mod hub;
#[cfg(feature = "server")]
mod limits;
#[cfg(feature = "server")]
pub mod log;
#[cfg(feature = "server")]
pub mod metrics;
#[cfg(feature = "server")]
mod outbound;
#[cfg(feature = "server")]
pub mod parent;
pub mod protocol;
#[cfg(feature = "server")]
mod pulse;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "server")]
mod spare;
#[cfg(feature = "server")]
mod sparing;
#[cfg(feature = "server")]
pub mod systemd;
#[cfg(feature = "server")]
pub mod tls;
#[cfg(feature = "top")]
pub mod top;
#[cfg(feature = "server")]
mod view;
#[cfg(feature = "server")]
mod watch;
#[cfg(feature = "server")]
mod webhook;
#[cfg(feature = "server")]
mod worker;

#[cfg(feature = "server")]
pub use error::Error;
