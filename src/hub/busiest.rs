//! The busiest channels, for those who look.

use super::{App, Hub, Occupancy};
use crate::protocol::ChannelKind;
use crate::protocol::channel::{is_cached, is_encrypted};
use crate::watch::{Tallies, Tally};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// By what channels are the busiest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Events,
    Deliveries,
    /// Of all channels, not only of those with events.
    Subscribers,
}

/// Which channels somebody wants to see.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) sort: Sort,
    /// A part of their names, in capitals or not.
    pub(crate) filter: &'a str,
    pub(crate) most: usize,
}

/// What there is to see of channels.
#[derive(Debug)]
pub(crate) struct Busiest {
    /// A row for each.
    pub(crate) channels: Vec<Value>,
    /// Events on channels that were not counted by name.
    pub(crate) omitted: u64,
    /// For how long somebody has been looking.
    pub(crate) looking: Duration,
}

impl Hub {
    /// Notes that somebody looks at an app; the busiest channels of the last second.
    pub(crate) fn look(&self, app: &App, wanted: &Wanted<'_>) -> Busiest {
        let (tallies, looking) = app.watch.tap.ask(Instant::now()).unwrap_or_default();
        Busiest { channels: self.busiest(app, &tallies, wanted), omitted: tallies.omitted, looking }
    }

    /// The busiest channels of what was counted, the busiest first, equal ones in the order of their names.
    pub(super) fn busiest(&self, app: &App, tallies: &Tallies, wanted: &Wanted<'_>) -> Vec<Value> {
        let mut channels: Vec<(Arc<str>, Tally, Option<Occupancy>)> = match wanted.sort {
            Sort::Events | Sort::Deliveries => {
                let counted = tallies.channels.iter();
                counted.map(|(name, tally)| (Arc::clone(name), *tally, None)).collect()
            }
            Sort::Subscribers => {
                let tally = |name: &Arc<str>| tallies.channels.get(name).copied().unwrap_or_default();
                let occupied = self.channels(app, "").into_iter();
                occupied.map(|(name, occupancy)| (Arc::clone(&name), tally(&name), Some(occupancy))).collect()
            }
        };
        if !wanted.filter.is_empty() {
            let filter = wanted.filter.to_lowercase();
            channels.retain(|(name, ..)| name.to_lowercase().contains(&filter));
        }
        let weight = |tally: &Tally, occupancy: &Option<Occupancy>| match wanted.sort {
            Sort::Events => (tally.events, tally.deliveries),
            Sort::Deliveries => (tally.deliveries, tally.events),
            Sort::Subscribers => (occupancy.map_or(0, |occupancy| occupancy.subscriptions), tally.events),
        };
        channels.sort_unstable_by(|(one, a, b), (other, c, d)| {
            (Reverse(weight(a, b)), one).cmp(&(Reverse(weight(c, d)), other))
        });
        channels.truncate(wanted.most);
        let describe = |(name, tally, occupancy): &(Arc<str>, Tally, Option<Occupancy>)| {
            row(name, tally, occupancy.unwrap_or_else(|| self.occupancy(app, name)))
        };
        channels.iter().map(describe).collect()
    }
}

fn row(name: &str, tally: &Tally, occupancy: Occupancy) -> Value {
    let is_presence = ChannelKind::of(name) == ChannelKind::Presence;
    json!({
        "name": name,
        "kind": kind(name),
        "subscriptions": occupancy.subscriptions,
        "members": is_presence.then_some(occupancy.users),
        "events": tally.events as f64,
        "deliveries": tally.deliveries as f64,
        "bytes": tally.bytes,
    })
}

/// What a channel is, in a word: two, if it remembers its last event.
fn kind(name: &str) -> &'static str {
    match (ChannelKind::of(name), is_encrypted(name), is_cached(name)) {
        (_, true, false) => "encrypted",
        (_, true, true) => "encrypted-cache",
        (ChannelKind::Presence, _, false) => "presence",
        (ChannelKind::Presence, _, true) => "presence-cache",
        (ChannelKind::Private, _, false) => "private",
        (ChannelKind::Private, _, true) => "private-cache",
        (ChannelKind::User, ..) => "user",
        (ChannelKind::Public, _, false) => "public",
        (ChannelKind::Public, _, true) => "cache",
    }
}
