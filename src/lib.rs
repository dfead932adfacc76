//! Canyon: real-time broadcasting for Laravel applications that live on one server.

pub mod event;
pub mod queue;
