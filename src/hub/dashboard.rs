//! Once a second: a sample for the history, and what those who look at an app are told on its channels for that.

use super::busiest::{Sort, Wanted};
use super::life::now_ms;
use super::{App, Event, Hub};
use crate::watch::{CpuClock, DASHBOARD, Entrance, Levels, Look, PAYLOADS, Reading, Shown, Waiting, cut};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Channels that are told of.
const ROWS: usize = 20;

/// Longest name of an event, in characters.
const MOST_NAME: usize = 200;

/// Bytes of all data that is shown of a second's events; of the oldest ones there is none then.
const MOST_DATA: usize = 256 << 10;

impl Hub {
    /// How long it is until [`Hub::keep_watch`] is due.
    pub(crate) fn watch_pause(&self) -> Duration {
        self.history.due_in(Instant::now())
    }

    /// Takes a sample if a second has passed since the last one, and tells those who look.
    pub(crate) fn keep_watch(&self) {
        let now = Instant::now();
        if !self.history.due_in(now).is_zero() {
            return;
        }
        self.history.take(now, self.read(), &self.metrics);
        self.apps().filter(|app| app.watch.tap.is_on()).for_each(|app| self.tell_lookers(app, now));
    }

    /// What there is to see now.
    fn read(&self) -> Reading {
        let levels = |app: &Arc<App>| Levels {
            connections: app.connections() as u64,
            subscriptions: app.subscriptions(),
            channels: app.channels(),
            users: self.signed_in(app) as u64,
        };
        Reading {
            time_ms: now_ms(),
            apps: self.apps().map(levels).collect(),
            queue: self.waiting(),
            inbox_bytes: self.inboxes.iter().map(|inbox| inbox.waiting_bytes() as u64).sum(),
            cpu: self.cpu_clocks.iter().map(|clock| clock.get().and_then(CpuClock::used)).collect(),
        }
    }

    /// What waits in all queues; `None` if there is none, or one of them cannot be seen.
    fn waiting(&self) -> Option<Waiting> {
        let queues = self.health.queues();
        if queues.is_empty() {
            return None;
        }
        let mut waiting = Waiting::default();
        for queue in queues {
            let backlog = queue.backlog_if_any()?;
            let age = u64::try_from(backlog.oldest.as_millis()).unwrap_or(u64::MAX);
            waiting.events += backlog.events;
            waiting.bytes += backlog.bytes;
            waiting.age_ms = waiting.age_ms.max(age);
        }
        Some(waiting)
    }

    fn tell_lookers(&self, app: &App, now: Instant) {
        let (stream, tallies) = app.watch.tap.end_second(now);
        if !app.watch.tap.is_looked(Look::Dashboard) {
            return;
        }
        let tallies = tallies.unwrap_or_default();
        if let Some(mut sample) = self.history.newest(app.index) {
            let channels =
                self.busiest(app, &tallies, &Wanted { sort: Sort::Events, filter: "", most: ROWS });
            sample.insert("busiest".to_owned(), channels.into());
            sample.insert("busiest_omitted".to_owned(), tallies.omitted.into());
            self.tell(app, DASHBOARD, "canyon.sample", &sample.into());
        }
        if !stream.events.is_empty() {
            let events: Vec<Value> = stream.events.iter().map(event).collect();
            let events = json!({"events": events, "omitted": stream.omitted});
            self.tell(app, DASHBOARD, "canyon.events", &events);
        }
        let payloads = payloads(stream.events.iter());
        if !payloads.is_empty() {
            self.tell(app, PAYLOADS, "canyon.payloads", &json!({"payloads": payloads}));
        }
        let refusals = app.watch.refusals.take_news();
        if !refusals.is_empty() {
            self.tell(app, DASHBOARD, "canyon.refusals", &json!({"refusals": refusals}));
        }
    }

    fn tell(&self, app: &App, channel: &str, name: &str, data: &Value) {
        let event = Event { name, data: &data.to_string(), except: None };
        self.publish(app, channel, &event, Entrance::Queue);
    }
}

fn event(shown: &Shown) -> Value {
    json!({
        "id": shown.id,
        "time_ms": shown.time_ms,
        "channel": *shown.channel,
        "event": cut(&shown.event, MOST_NAME),
        "bytes": shown.bytes,
        "from": shown.from.name(),
        "subscribers": shown.subscribers,
        "socket_id": shown.sender.map(|sender| sender.to_string()),
    })
}

/// The data of the newest events, as far as it was kept and there is room; the oldest first.
fn payloads<'a>(events: impl DoubleEndedIterator<Item = &'a Shown>) -> Vec<Value> {
    let mut room = MOST_DATA;
    let mut payloads: Vec<Value> = events
        .rev()
        .filter_map(|shown| Some((shown, shown.data.as_ref()?)))
        .map_while(|(shown, data)| {
            room = room.checked_sub(data.len())?;
            Some(json!({"id": shown.id, "data": data, "cut": data.len() < shown.bytes}))
        })
        .collect();
    payloads.reverse();
    payloads
}
