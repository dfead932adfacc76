//! What those who look are shown: samples, the busiest channels, events that pass.

use super::channel::Channel;
use super::life::now_ms;
use super::{App, Event, Hub, Occupancy, Survey};
use crate::protocol::ChannelKind;
use crate::protocol::channel::{is_cached, is_encrypted};
use crate::watch::{CpuClock, DASHBOARD, Entrance, Look, PAYLOADS, Refused, Seen, Tallies, Tally, is_hidden};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// By what channels are the busiest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Events,
    Deliveries,
    /// Of all channels, not only of those with events.
    Subscribers,
}

impl Hub {
    /// Lets the worker on the calling thread be watched.
    pub(crate) fn watch_this_thread(&self, worker: usize) {
        if let (Some(place), Some(clock)) = (self.cpu_clocks.get(worker), CpuClock::of_this_thread()) {
            place.get_or_init(|| clock);
        }
    }

    /// Asks every worker for clients whose sockets are full.
    pub(crate) fn survey(&self, app: &App, most: usize) -> Vec<oneshot::Receiver<Vec<super::SlowClient>>> {
        let ask = |inbox: &super::Inbox| {
            let (answer, answered) = oneshot::channel();
            inbox.survey(Survey { app: app.index, most, answer });
            answered
        };
        self.inboxes.iter().map(ask).collect()
    }

    /// Notes that somebody looks at an app; the busiest channels of the last second, `most` of them as rows of a table, the
    /// number of events on others that were not counted by name, and for how long somebody has been looking.
    pub(crate) fn look(&self, app: &App, sort: Sort, most: usize) -> (Vec<Value>, u64, Duration) {
        let (tallies, looking) = app.watch.tap.ask(Instant::now()).unwrap_or_default();
        (self.busiest(app, &tallies, sort, most), tallies.omitted, looking)
    }

    /// The busiest channels of what was counted.
    pub(super) fn busiest(&self, app: &App, tallies: &Tallies, sort: Sort, most: usize) -> Vec<Value> {
        if sort == Sort::Subscribers {
            return self.largest(app, tallies, most);
        }
        let mut busiest: Vec<(&Arc<str>, &Tally)> = tallies.channels.iter().collect();
        let by = |(name, tally): &(&Arc<str>, &Tally)| {
            let (first, second) = match sort {
                Sort::Deliveries => (tally.deliveries, tally.events),
                Sort::Events | Sort::Subscribers => (tally.events, tally.deliveries),
            };
            (Reverse((first, second)), Arc::clone(name))
        };
        busiest.sort_by_cached_key(by);
        busiest.truncate(most);
        busiest.into_iter().map(|(name, tally)| row(name, tally, self.occupancy(app, name))).collect()
    }

    fn largest(&self, app: &App, tallies: &Tallies, most: usize) -> Vec<Value> {
        let mut largest = self.channels(app, "");
        // Stable: equally large ones stay in the order of their names.
        largest.sort_by_key(|(_, occupancy)| Reverse(occupancy.subscriptions));
        largest.truncate(most);
        let tally = |name| tallies.channels.get(name).copied().unwrap_or_default();
        largest.iter().map(|(name, occupancy)| row(name, &tally(name), *occupancy)).collect()
    }

    /// Shows an event to those who look at its app. The caller holds the shard's lock.
    pub(super) fn show(
        &self,
        app: &App,
        (name, occupied): (&str, Option<(&Arc<str>, &Channel)>),
        event: &Event<'_>,
        from: Entrance,
        frame_bytes: usize,
    ) {
        if !app.watch.tap.is_on() || is_hidden(name) {
            return;
        }
        let seen = Seen {
            channel: name,
            shared: occupied.map(|(name, _)| name),
            event: event.name,
            data: event.data,
            from,
            subscribers: occupied.map_or(0, |(_, channel)| channel.occupancy().subscriptions),
            except: event.except,
            frame_bytes,
        };
        app.watch.tap.note(&seen, now_ms());
    }
}

impl Hub {
    /// Counts a refusal, and keeps it for those who look at the app: secrets and payloads must not be in it.
    pub(crate) fn note_refusal(&self, app: &App, refused: Refused<'_>, why: impl Display) {
        self.metrics.refusals.increment();
        app.note_trouble(refused, why, 1);
    }
}

impl App {
    /// Keeps something that went wrong `count` times for those who look.
    pub(crate) fn note_trouble(&self, trouble: Refused<'_>, why: impl Display, count: u64) {
        self.watch.refusals.note(trouble, why, count, now_ms());
    }

    /// Channels with subscribers.
    pub(crate) fn channels(&self) -> u64 {
        self.channels.get()
    }

    /// Subscriptions on all channels.
    pub(crate) fn subscriptions(&self) -> u64 {
        self.subscriptions.get()
    }

    /// Counts a subscription, the channel's first one if it `was_vacant`. The caller holds the shard's lock.
    pub(super) fn note_subscription(&self, channel: &str, was_vacant: bool) {
        if is_hidden(channel) {
            return self.note_look(channel, true);
        }
        self.subscriptions.enter();
        if was_vacant {
            self.channels.enter();
        }
    }

    /// Counts the end of a subscription.
    pub(super) fn note_departure(&self, channel: &str, is_vacant: bool) {
        if is_hidden(channel) {
            return self.note_look(channel, !is_vacant);
        }
        self.subscriptions.leave();
        if is_vacant {
            self.channels.leave();
        }
    }

    fn note_look(&self, channel: &str, is_on: bool) {
        match channel {
            DASHBOARD => self.watch.tap.set(Look::Dashboard, is_on),
            PAYLOADS => self.watch.tap.set(Look::Payloads, is_on),
            _ => {}
        }
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
