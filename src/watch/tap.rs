//! What goes through an app's channels, while somebody looks.
//!
//! Everything is bounded: channels are counted by name up to a number of them, and of the events of a second the newest
//! are kept.

use super::text::beginning;
use crate::protocol::SocketId;
use foldhash::fast::RandomState;
use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

/// Channels that are counted by name in a second.
const MOST_CHANNELS: usize = 10_000;

/// Events of a second that are shown.
const MOST_EVENTS: usize = 100;

/// Bytes that are shown of an event's data.
pub(crate) const MOST_PAYLOAD: usize = 4096;

/// Bytes that are shown of an event's name: any name that the HTTP API takes.
const MOST_NAME: usize = 800;

/// How long a request is a look.
const ASKED_FOR: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Tap {
    /// The ways in which somebody looks, a bit each: all that is asked where nobody does.
    looks: AtomicU8,
    watched: Mutex<Watched>,
}

/// A way to look.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Look {
    /// Subscribers of the dashboard's channel: they see events.
    Dashboard = 1,
    /// Subscribers of the channel for payloads: they see the data of events.
    Payloads = 2,
    /// A request, a moment ago.
    Asked = 4,
}

#[derive(Debug, Default)]
struct Watched {
    /// Since when somebody looks.
    since: Option<Instant>,
    asked: Option<Instant>,
    /// Whether somebody has looked since this second began.
    is_whole: bool,
    tallies: Tallies,
    stream: Stream,
    /// Of the last second in which somebody looked from its beginning to its end.
    last: Option<Arc<Tallies>>,
    last_id: u64,
}

/// What channels got in a second.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    pub(crate) channels: HashMap<Arc<str>, Tally, RandomState>,
    /// Events on channels that are not counted by name.
    pub(crate) omitted: u64,
}

/// What one channel got.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) events: u64,
    /// To how many connections they went. Whoever is left out of an event counts as one who is there.
    pub(crate) deliveries: u64,
    /// Bytes of all these frames.
    pub(crate) bytes: u64,
}

/// The newest events of a second.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    pub(crate) events: VecDeque<Shown>,
    /// Events that came before them.
    pub(crate) omitted: u64,
}

/// Where an event came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entrance {
    Queue,
    Http,
    Client,
}

/// An event that passes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) channel: &'a str,
    /// The channel's name, as the copy that all share, if somebody is there.
    pub(crate) shared: Option<&'a Arc<str>>,
    pub(crate) event: &'a str,
    pub(crate) data: &'a str,
    pub(crate) from: Entrance,
    pub(crate) subscribers: u64,
    /// Who does not get it: the sender of a client event.
    pub(crate) except: Option<SocketId>,
    pub(crate) frame_bytes: usize,
}

/// An event that is shown.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) id: u64,
    pub(crate) time_ms: u64,
    pub(crate) channel: Arc<str>,
    pub(crate) event: String,
    /// Of its data.
    pub(crate) bytes: usize,
    pub(crate) from: Entrance,
    pub(crate) subscribers: u64,
    /// Of a client event.
    pub(crate) sender: Option<SocketId>,
    /// The beginning of its data, if somebody wants to see it.
    pub(crate) data: Option<String>,
}

impl Entrance {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Http => "http",
            Self::Client => "client",
        }
    }
}

impl Tap {
    /// Whether somebody looks.
    pub(crate) fn is_on(&self) -> bool {
        // Relaxed: an event that passes while somebody begins to look may be seen or not.
        self.looks.load(Ordering::Relaxed) != 0
    }

    pub(crate) fn is_looked(&self, look: Look) -> bool {
        self.looks.load(Ordering::Relaxed) & look as u8 != 0
    }

    /// Notes that somebody looks, or does not any more.
    pub(crate) fn set(&self, look: Look, is_on: bool) {
        self.set_in(&mut self.watched.lock(), look, is_on);
    }

    /// Under the lock, so that what is kept and what is looked at never disagree.
    fn set_in(&self, watched: &mut Watched, look: Look, is_on: bool) {
        let before = self.looks.load(Ordering::Relaxed);
        let looks = if is_on { before | look as u8 } else { before & !(look as u8) };
        self.looks.store(looks, Ordering::Relaxed);
        if before == 0 && looks != 0 {
            watched.since = Some(Instant::now());
        } else if looks == 0 {
            *watched = Watched { last_id: watched.last_id, ..Watched::default() };
        }
    }

    /// Notes that somebody asks; what there is to show, and for how long somebody has been looking.
    pub(crate) fn ask(&self, now: Instant) -> Option<(Arc<Tallies>, Duration)> {
        let mut watched = self.watched.lock();
        self.set_in(&mut watched, Look::Asked, true);
        watched.asked = Some(now);
        let last = watched.last.as_ref().map(Arc::clone)?;
        Some((last, now.saturating_duration_since(watched.since?)))
    }

    /// Notes an event that passes.
    pub(crate) fn note(&self, seen: &Seen<'_>, time_ms: u64) {
        let mut watched = self.watched.lock();
        watched.last_id += 1;
        let id = watched.last_id;
        watched.tallies.count(seen);
        if self.is_looked(Look::Dashboard) {
            watched.stream.show(seen, id, time_ms, self.is_looked(Look::Payloads));
        }
    }

    /// Ends a second: its events, and what each channel got in it, if somebody looked from its beginning to its end.
    pub(crate) fn end_second(&self, now: Instant) -> (Stream, Option<Arc<Tallies>>) {
        let mut watched = self.watched.lock();
        if watched.asked.is_some_and(|asked| now.saturating_duration_since(asked) >= ASKED_FOR) {
            watched.asked = None;
            self.set_in(&mut watched, Look::Asked, false);
        }
        if !self.is_on() {
            return (Stream::default(), None);
        }
        let tallies = std::mem::take(&mut watched.tallies);
        watched.last = std::mem::replace(&mut watched.is_whole, true).then(|| Arc::new(tallies));
        (std::mem::take(&mut watched.stream), watched.last.as_ref().map(Arc::clone))
    }
}

impl Tallies {
    fn count(&mut self, seen: &Seen<'_>) {
        let receivers = seen.subscribers.saturating_sub(u64::from(seen.except.is_some()));
        let has_room = self.channels.len() < MOST_CHANNELS;
        let tally = match self.channels.get_mut(seen.channel) {
            Some(tally) => tally,
            None if has_room => self.channels.entry(seen.name()).or_default(),
            None => {
                self.omitted += 1;
                return;
            }
        };
        tally.events += 1;
        tally.deliveries += receivers;
        tally.bytes += receivers * seen.frame_bytes as u64;
    }
}

impl Stream {
    fn show(&mut self, seen: &Seen<'_>, id: u64, time_ms: u64, keeps_data: bool) {
        // The oldest makes room for the newest, and lends it its memory: there may be many more than are shown.
        let is_full = self.events.len() == MOST_EVENTS;
        self.omitted += u64::from(is_full);
        let oldest = if is_full { self.events.pop_front() } else { None };
        let (mut event, mut data) = oldest.map(|oldest| (oldest.event, oldest.data)).unwrap_or_default();
        event.clear();
        event.push_str(beginning(seen.event, MOST_NAME));
        self.events.push_back(Shown {
            id,
            time_ms,
            channel: seen.name(),
            event,
            bytes: seen.data.len(),
            from: seen.from,
            subscribers: seen.subscribers,
            sender: seen.except.filter(|_| seen.from == Entrance::Client),
            data: keeps_data.then(|| {
                let mut data = data.take().unwrap_or_default();
                data.clear();
                data.push_str(beginning(seen.data, MOST_PAYLOAD));
                data
            }),
        });
    }
}

impl Seen<'_> {
    fn name(&self) -> Arc<str> {
        self.shared.map_or_else(|| self.channel.into(), Arc::clone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: Seen<'_> = Seen {
        channel: "lobby",
        shared: None,
        event: "x",
        data: "12345",
        from: Entrance::Queue,
        subscribers: 10,
        except: None,
        frame_bytes: 40,
    };

    fn tallied(tallies: &Tallies, channel: &str) -> (u64, u64, u64) {
        let Tally { events, deliveries, bytes } = tallies.channels[channel];
        (events, deliveries, bytes)
    }

    #[test]
    fn only_whole_seconds_are_told() {
        let (tap, now) = (Tap::default(), Instant::now());
        assert!(tap.ask(now).is_none() && tap.is_on());
        tap.note(&EVENT, 1);
        assert!(tap.end_second(now).1.is_none(), "nobody looked at its beginning");
        tap.note(&EVENT, 2);
        tap.note(&Seen { except: Some(SocketId::from_random(7)), ..EVENT }, 2);
        assert!(tap.ask(now).is_none());
        let tallies = tap.end_second(now).1.unwrap();
        assert_eq!(tallied(&tallies, "lobby"), (2, 19, 19 * 40));
        assert_eq!(tallied(&tap.ask(now).unwrap().0, "lobby").0, 2);
        assert!(tap.end_second(now).1.unwrap().channels.is_empty());
    }

    #[test]
    fn a_request_is_a_look_for_five_seconds() {
        let (tap, now) = (Tap::default(), Instant::now());
        tap.ask(now);
        tap.end_second(now + Duration::from_millis(4999));
        assert!(tap.is_on());
        tap.end_second(now + Duration::from_secs(5));
        assert!(!tap.is_on());
        tap.ask(now);
        tap.set(Look::Dashboard, true);
        tap.end_second(now + Duration::from_secs(5));
        assert!(tap.is_on(), "somebody else looks");
        tap.set(Look::Dashboard, false);
        assert!(!tap.is_on());
    }

    #[test]
    fn who_comes_back_begins_anew() {
        let (tap, now) = (Tap::default(), Instant::now());
        tap.set(Look::Dashboard, true);
        tap.end_second(now);
        tap.note(&EVENT, 1);
        tap.set(Look::Dashboard, false);
        tap.set(Look::Dashboard, true);
        let (stream, tallies) = tap.end_second(now);
        assert!(stream.events.is_empty() && tallies.is_none());
        tap.note(&EVENT, 1);
        assert_eq!(tap.end_second(now).0.events[0].id, 2, "no two events have the same id");
    }

    #[test]
    fn names_have_an_end() {
        let (tap, now) = (Tap::default(), Instant::now());
        tap.ask(now);
        tap.end_second(now);
        for number in 0..MOST_CHANNELS + 5 {
            tap.note(&Seen { channel: &format!("orders.{number}"), ..EVENT }, 1);
        }
        tap.note(&Seen { channel: "orders.3", ..EVENT }, 1);
        let tallies = tap.end_second(now).1.unwrap();
        assert_eq!((tallies.channels.len(), tallies.omitted), (MOST_CHANNELS, 5));
        assert_eq!(tallied(&tallies, "orders.3").0, 2);
    }

    #[test]
    fn the_newest_events_are_shown_and_their_data_to_those_who_may_see_it() {
        let (tap, now) = (Tap::default(), Instant::now());
        tap.ask(now);
        tap.note(&EVENT, 1);
        assert!(tap.end_second(now).0.events.is_empty(), "whoever asks sees no events");
        tap.set(Look::Dashboard, true);
        let data = format!("{}ü", "x".repeat(MOST_PAYLOAD - 1));
        for number in 0..250 {
            if number == 200 {
                tap.set(Look::Payloads, true);
            }
            tap.note(&Seen { event: &format!("e{number}"), data: &data, ..EVENT }, number);
        }
        let stream = tap.end_second(now).0;
        assert_eq!((stream.events.len(), stream.omitted), (100, 150));
        let (first, last) = (&stream.events[0], &stream.events[99]);
        assert_eq!((&*first.event, first.id, first.time_ms, &first.data), ("e150", 152, 150, &None));
        assert_eq!((&*last.event, last.id, last.bytes), ("e249", 251, MOST_PAYLOAD + 1));
        assert_eq!(last.data.as_ref().map(String::len), Some(MOST_PAYLOAD - 1), "no character is cut");
    }
}
