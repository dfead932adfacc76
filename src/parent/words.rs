//! What the parent and a generation say to each other.
//!
//! The parent may be months older than the generation: these words must stay. A field or a word may be added if whoever does
//! not know it can do without.

use crate::handover::wire::Wire;
use serde::{Deserialize, Serialize};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

/// From the parent.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Order {
    /// Serve: from the beginning, or by taking over through the descriptor that comes along.
    Begin,
    /// Give everything to your successor, through the descriptor that comes along.
    Give,
}

/// From a generation.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Word {
    /// The configuration is good; I wait to begin.
    Prepared,
    /// I serve, these queues.
    Serving { queues: Vec<PathBuf> },
    /// I cannot, and end.
    Failed(String),
    /// My successor serves, and I end.
    Given {
        clients: usize,
        requests: usize,
        left_behind: usize,
        #[serde(default)]
        drained: usize,
        pause_us: u64,
    },
    /// I serve on.
    Kept(String),
}

pub(super) fn send(wire: &mut Wire, message: &impl Serialize, along: Option<&OwnedFd>) -> io::Result<()> {
    let descriptors: Vec<_> = along.into_iter().map(AsFd::as_fd).collect();
    wire.send(message, &descriptors)
}
