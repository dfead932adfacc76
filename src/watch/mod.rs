//! What is kept for people who look: a dashboard in the browser, `canyon top`.
//!
//! ```text
//!  kept always      history    one sample a second, of counters that are there anyway
//!                   refusals   the newest of each app, which are rare
//!  while looked at  tap        what each channel got in this second, and its newest events
//! ```
//!
//! Somebody looks at an app while its channel [`DASHBOARD`] has subscribers, and for a while after a request to
//! `/apps/{id}/top`. Nobody looking costs an event one relaxed load.
//!
//! A leaf: it is told what happens, and asks nobody. The hub takes the samples and sends them to those who look.

mod cpu_clock;
mod history;
mod refusals;
mod tap;
mod text;

pub(crate) use crate::handover::watched::{Counts, Levels, Refusal, Sample, Waiting, Watched};
pub(crate) use cpu_clock::CpuClock;
pub(crate) use history::{FIELDS, History, LONGEST, Reading};
pub(crate) use refusals::{Refusals, Refused};
pub(crate) use tap::{Entrance, Look, Seen, Shown, Tallies, Tally, Tap};
pub(crate) use text::cut;

use std::sync::Arc;

/// Whoever is on this channel of an app looks at it, and is told what there is to see once a second.
pub(crate) const DASHBOARD: &str = "private-canyon-dashboard";

/// Whoever is on this one sees the data of events too.
pub(crate) const PAYLOADS: &str = "private-canyon-dashboard-payloads";

/// Whether a channel is for those who look: it is not itself something to look at.
pub(crate) fn is_hidden(channel: &str) -> bool {
    [DASHBOARD, PAYLOADS].contains(&channel)
}

/// What is kept of one app.
#[derive(Debug, Default)]
pub(crate) struct AppWatch {
    pub(crate) refusals: Arc<Refusals>,
    pub(crate) tap: Tap,
}
