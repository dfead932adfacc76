//! What happens here, noted for those who look: events that pass, refusals, how much there is of everything.

use super::channel::Channel;
use super::life::now_ms;
use super::{App, Event, Hub, Inbox, SlowClient, Survey};
use crate::watch::{CpuClock, DASHBOARD, Entrance, Look, PAYLOADS, Refused, Seen, is_hidden};
use std::fmt::Display;
use std::sync::Arc;
use tokio::sync::oneshot;

impl Hub {
    /// Lets the worker on the calling thread be watched.
    pub(crate) fn watch_this_thread(&self, worker: usize) {
        if let (Some(place), Some(clock)) = (self.cpu_clocks.get(worker), CpuClock::of_this_thread()) {
            place.get_or_init(|| clock);
        }
    }

    /// Asks every worker for clients whose sockets are full.
    pub(crate) fn survey(&self, app: &App, most: usize) -> Vec<oneshot::Receiver<Vec<SlowClient>>> {
        let ask = |inbox: &Inbox| {
            let (answer, answered) = oneshot::channel();
            inbox.survey(Survey { app: app.index, most, answer });
            answered
        };
        self.inboxes.iter().map(ask).collect()
    }

    /// Counts a refusal, and keeps it for those who look at the app: secrets and payloads must not be in it.
    pub(crate) fn note_refusal(&self, app: &App, refused: Refused<'_>, why: impl Display) {
        self.metrics.refusals.increment();
        app.note_trouble(refused, why, 1);
    }
}

impl App {
    /// Shows an event to those who look. The caller holds the shard's lock.
    pub(super) fn show(
        &self,
        (name, occupied): (&str, Option<(&Arc<str>, &Channel)>),
        event: &Event<'_>,
        from: Entrance,
        frame_bytes: usize,
    ) {
        if !self.watch.tap.is_on() || is_hidden(name) {
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
        self.watch.tap.note(&seen, now_ms());
    }

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
