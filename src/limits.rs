//! Limits that somebody met: counted each time, and told in the log once a minute for each limit.
//!
//! A leaf that everybody may write to. An attack must not fill the disk with lines; what a line tells is who met the limit
//! at that moment, and how often anybody has since the line before.

use crate::address::Address;
use crate::metrics::{Limit, Metrics};
use crate::protocol::SocketId;
use crate::sparing::Sparing;
use parking_lot::Mutex;
use rustix::io::Errno;
use std::fmt::Display;
use std::io;
use std::sync::Arc;
use tracing::field::display;

/// See the module.
#[derive(Debug)]
pub(crate) struct Limits {
    metrics: Arc<Metrics>,
    told: [Mutex<Sparing>; Limit::COUNT],
}

/// Who met a limit, as far as that is known.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Who<'a> {
    pub(crate) address: Option<Address>,
    pub(crate) app: Option<&'a str>,
    pub(crate) socket_id: Option<SocketId>,
}

impl Limits {
    pub(crate) fn new(metrics: &Arc<Metrics>) -> Self {
        Self { metrics: Arc::clone(metrics), told: Default::default() }
    }

    /// Notes that somebody met a limit, and what was done.
    pub(crate) fn met(&self, limit: Limit, who: Who<'_>, what: impl Display) {
        self.metrics.limits.of(limit).increment();
        let Some(times) = self.told[limit as usize].lock().note() else { return };
        let (address, socket_id) = (who.address.map(display), who.socket_id.map(display));
        tracing::warn!(limit = limit.name(), times, address, app = who.app, socket_id, "{what}");
    }
}

/// Whether the system has none left of what a connection needs: descriptors, memory, watches.
pub(crate) fn is_exhaustion(error: &io::Error) -> bool {
    let exhausted = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::NOSPC];
    Errno::from_io_error(error).is_some_and(|errno| exhausted.contains(&errno))
}
