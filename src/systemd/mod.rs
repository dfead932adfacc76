//! What systemd and a service say to each other: sd_notify(3), and the sockets of sd_listen_fds(3).
//!
//! Environment variables, datagrams and descriptors, which other supervisors speak too (podman, s6, dinit). Nothing of it has
//! to be there: without the variables, nobody is told anything and nothing is given.

mod notifier;
mod sockets;

pub use notifier::{Notifier, State};
pub use sockets::Activated;

use std::process::Command;

/// The variables that are for this process and no other.
const VARIABLES: [&str; 6] =
    ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"];

/// Keeps from a child what systemd says to its parent.
pub fn hide_from(child: &mut Command) {
    for name in VARIABLES {
        child.env_remove(name);
    }
}
