//! Canyon: real-time broadcasting for Laravel applications that live on one server.

#[cfg(feature = "server")]
pub mod protocol;
