//! What the parent and a generation say to each other.
//!
//! The parent may be months older than the generation: these words must stay. A field or a word may be added if whoever does
//! not know it can do without.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// From the parent.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Order {
    /// Listen on the sockets that come along, which systemd calls by these names. Comes before `Begin`, and only where there are
    /// any.
    Sockets { names: Vec<String> },
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
    Serving {
        queues: Vec<PathBuf>,
        #[serde(default)]
        version: String,
        /// Over how much time I close the clients when I am told to stop.
        #[serde(default)]
        drain_seconds: u32,
        /// Whether I say every second that I am alive.
        #[serde(default)]
        has_pulse: bool,
    },
    /// All my threads get on. Said only to a parent that knows this word, see [`MARK`](super::generation::MARK).
    Alive { connections: usize },
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
