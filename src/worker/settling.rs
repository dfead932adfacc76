//! The presence channels that a worker was called to settle (see the hub's module of that name).

use super::{State, Worker};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

/// Channels that wait for the end of a turn, or of a pause.
#[derive(Debug, Default)]
pub(super) struct Unsettled {
    called: Vec<(usize, Arc<str>)>,
    paused: BTreeSet<(Instant, usize, Arc<str>)>,
}

impl Unsettled {
    pub(super) fn add(&mut self, app: usize, channel: Arc<str>) {
        self.called.push((app, channel));
    }

    /// When the next pause is over.
    pub(super) fn next(&self) -> Option<Instant> {
        self.paused.first().map(|(due, ..)| *due)
    }

    fn is_empty(&self) -> bool {
        self.called.is_empty() && self.paused.is_empty()
    }
}

impl Worker {
    /// Settles the channels whose time has come; whether there may be letters of it.
    pub(super) fn settle(&self, state: &mut State) -> bool {
        let unsettled = &mut state.unsettled;
        if unsettled.is_empty() {
            return false;
        }
        let now = Instant::now();
        let mut due = std::mem::take(&mut unsettled.called);
        while unsettled.next().is_some_and(|pause_end| pause_end <= now) {
            due.extend(unsettled.paused.pop_first().map(|(_, app, channel)| (app, channel)));
        }
        let is_any_due = !due.is_empty();
        for (app, channel) in due {
            if let Some(pause_end) = self.hub.settle(app, &channel, now) {
                unsettled.paused.insert((pause_end, app, channel));
            }
        }
        is_any_due
    }
}

/// Waits for the end of a pause, if there is one.
pub(super) async fn pause(end: Option<Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end.into()).await,
        None => std::future::pending().await,
    }
}
