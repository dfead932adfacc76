//! The PHP face: the extension `canyon`.
//!
//! Thin: it checks what PHP hands over, says what is wrong at the call where it is wrong, and passes on to the queue and
//! the server. It starts no thread unless `Canyon\Server::start()` is called.

mod exception;
mod info;
mod ini;
mod json;
mod module;
mod publisher;
mod registry;
mod server;
mod signals;
mod zend;
