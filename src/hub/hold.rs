//! Delivery held back: after a crash the clients need a moment to come back, and the events wait for them.
//!
//! While a hold lasts, what is in the queue stays there. What comes from elsewhere must not overtake it: events of the
//! HTTP API are put into the queue behind it; client events, for which the queue has no words, are kept here, each with
//! its place among the records of the queue.

use super::{App, Event, Hub, Overloaded};
use crate::config::LifeKind;
use crate::hub::life::LifeEvent;
use crate::protocol::{EncodedFrame, SocketId};
use crate::watch::Entrance;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes of client events that are kept; more of them are refused, as they are by a server that is behind.
const MOST_BYTES: usize = 4 << 20;

/// The end of a queue where events go in.
pub(crate) trait QueueEnd: Send {
    /// Puts an event behind what waits already.
    fn push(&mut self, app: &App, channels: &[&str], event: &Event<'_>) -> Result<(), Overloaded>;

    /// The place that the next record will have: every record pushed before has a lower one.
    fn next_place(&self) -> u64;
}

/// A client event that waits.
#[derive(Debug)]
pub(crate) struct ClientEvent {
    app: Arc<App>,
    channel: Box<str>,
    from: SocketId,
    frame: EncodedFrame,
    /// For whoever wants to know of it.
    told: Option<LifeEvent>,
}

/// The hold on the delivery of one queue.
pub(crate) struct Hold {
    is_over: AtomicBool,
    /// Gone when the hold is over.
    waiting: Mutex<Option<Waiting>>,
}

struct Waiting {
    queue: Box<dyn QueueEnd>,
    kept: VecDeque<(u64, ClientEvent)>,
    bytes: usize,
}

impl ClientEvent {
    fn weight(&self) -> usize {
        size_of::<Self>()
            + self.channel.len()
            + self.frame.len()
            + self.told.as_ref().map_or(0, LifeEvent::weight)
    }

    fn relay(self, hub: &Hub) {
        hub.relay(&self.app, &self.channel, self.from, &self.frame, self.told);
    }
}

impl Hold {
    pub(crate) fn new(queue: Box<dyn QueueEnd>) -> Self {
        let waiting = Waiting { queue, kept: VecDeque::new(), bytes: 0 };
        Self { is_over: AtomicBool::new(false), waiting: Mutex::new(Some(waiting)) }
    }

    pub(super) fn is_over(&self) -> bool {
        // Acquire: what is published directly from now on comes after everything that was held back.
        self.is_over.load(Ordering::Acquire)
    }

    /// Puts an event into the queue; `None` if the hold is over and the event can be published.
    fn push(&self, app: &App, channels: &[&str], event: &Event<'_>) -> Option<Result<(), Overloaded>> {
        let mut waiting = self.waiting.lock();
        waiting.as_mut().map(|waiting| waiting.queue.push(app, channels, event))
    }

    /// Keeps a client event; gives it back if the hold is over.
    fn keep(&self, event: ClientEvent) -> Result<Option<ClientEvent>, Overloaded> {
        let mut waiting = self.waiting.lock();
        let Some(waiting) = waiting.as_mut() else { return Ok(Some(event)) };
        let bytes = waiting.bytes + event.weight();
        if bytes > MOST_BYTES {
            return Err(Overloaded);
        }
        waiting.bytes = bytes;
        waiting.kept.push_back((waiting.queue.next_place(), event));
        Ok(None)
    }

    /// Publishes the client events that came before the record at `place` was pushed.
    pub(crate) fn release_before(&self, place: u64, hub: &Hub) {
        let mut waiting = self.waiting.lock();
        let Some(waiting) = waiting.as_mut() else { return };
        while let Some((_, event)) = waiting.kept.pop_front_if(|(kept_at, _)| *kept_at <= place) {
            waiting.bytes -= event.weight();
            event.relay(hub);
        }
    }

    /// Ends the hold if nothing is left in the queue; whether it has ended.
    pub(crate) fn end(&self, hub: &Hub, is_queue_empty: impl FnOnce() -> bool) -> bool {
        let mut waiting = self.waiting.lock();
        // Asked under the lock: nothing can be put into the queue after the answer.
        if !is_queue_empty() {
            return false;
        }
        if let Some(waiting) = waiting.take() {
            waiting.kept.into_iter().for_each(|(_, event)| event.relay(hub));
        }
        self.is_over.store(true, Ordering::Release);
        true
    }
}

impl Hub {
    /// Takes an event that did not come through the queue: publishes it, or puts it into the queue while delivery is held
    /// back.
    pub(crate) fn submit(&self, app: &App, channels: &[&str], event: &Event<'_>) -> Result<(), Overloaded> {
        if let Some(queued) = app.hold().and_then(|hold| hold.push(app, channels, event)) {
            return queued;
        }
        channels.iter().for_each(|channel| self.publish(app, channel, event, Entrance::Http));
        Ok(())
    }

    /// Relays a client event to the others on its channel.
    pub(crate) fn publish_client_event(
        &self,
        app: &App,
        channel: &str,
        from: SocketId,
        frame: &EncodedFrame,
        tell: impl FnOnce() -> LifeEvent,
    ) -> Result<(), Overloaded> {
        if self.is_overloaded() {
            return Err(Overloaded);
        }
        let is_wanted = app.watch.tap.is_on() || self.observer_of(app, LifeKind::ClientEvent).is_some();
        let mut told = is_wanted.then(tell);
        if let Some(hold) = app.hold() {
            let app = Arc::clone(&self.apps[app.index].app);
            match hold.keep(ClientEvent { app, channel: channel.into(), from, frame: frame.clone(), told })? {
                Some(event) => told = event.told,
                None => return Ok(()),
            }
        }
        self.relay(app, channel, from, frame, told);
        Ok(())
    }

    fn relay(&self, app: &App, channel: &str, from: SocketId, frame: &EncodedFrame, told: Option<LifeEvent>) {
        let mut shard = self.shard(app, channel).lock();
        self.settle_first(app, &mut shard, channel);
        let occupied = shard.channels.get_key_value(channel);
        if let Some(told) = &told {
            let (name, data) = (told.event.as_deref(), told.data.as_deref());
            let event =
                Event { name: name.unwrap_or_default(), data: data.unwrap_or_default(), except: Some(from) };
            app.show((channel, occupied), &event, Entrance::Client, frame.len());
        }
        if let Some((name, channel)) = occupied {
            self.post(app, name, channel, Some(from), frame);
        }
        drop(shard);
        self.metrics.events_from_clients.increment();
        if let Some(told) = told {
            self.observe(app, LifeKind::ClientEvent, || told);
        }
    }
}

impl std::fmt::Debug for Hold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hold").field("is_over", &self.is_over).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AppConfig, Secret};
    use crate::protocol::frame;

    /// A queue that only counts.
    struct Counting(u64);

    impl QueueEnd for Counting {
        fn push(&mut self, _: &App, _: &[&str], _: &Event<'_>) -> Result<(), Overloaded> {
            self.0 += 1;
            if self.0 > 2 { Err(Overloaded) } else { Ok(()) }
        }

        fn next_place(&self) -> u64 {
            self.0
        }
    }

    fn hub() -> Hub {
        let toml = "[[app]]\nid = '1'\nkey = 'k'\nsecret = 's'\n";
        let config = crate::config::Settings::from_toml(toml, &"test").unwrap().settle().unwrap();
        Hub::new(&config, Vec::new(), None, Arc::default())
    }

    fn client_event(data: &str) -> ClientEvent {
        ClientEvent {
            app: Arc::new(App::new(
                0,
                AppConfig::new("1".into(), "k".into(), Secret::new("s".into())),
                &Arc::default(),
            )),
            channel: "private-a".into(),
            from: SocketId::from_random(1),
            frame: frame::event("client-x", "private-a", data),
            told: None,
        }
    }

    #[test]
    fn client_events_without_room_are_refused_until_there_is_room_again() {
        let (hub, hold) = (hub(), Hold::new(Box::new(Counting(0))));
        let data = "x".repeat(10_000);
        let kept =
            std::iter::repeat_with(|| hold.keep(client_event(&data))).take_while(Result::is_ok).count();
        assert!((400..=419).contains(&kept), "{kept} events of 10 kB were kept");
        hold.release_before(0, &hub);
        assert_eq!(hub.metrics.events_from_clients.get(), kept as u64);
        assert!(matches!(hold.keep(client_event(&data)), Ok(None)));
    }

    #[test]
    fn what_comes_after_the_hold_is_given_back() {
        let (hub, hold) = (hub(), Hold::new(Box::new(Counting(0))));
        let app = Arc::clone(hub.app_by_id("1").unwrap());
        let event = Event { name: "x", data: "1", except: None };
        assert_eq!(hold.push(&app, &["a"], &event), Some(Ok(())));
        assert!(matches!(hold.keep(client_event("1")), Ok(None)));
        hold.release_before(0, &hub);
        assert_eq!(hub.metrics.events_from_clients.get(), 0, "its place is behind the record before it");

        assert!(!hold.end(&hub, || false) && !hold.is_over());
        assert_eq!(hold.push(&app, &["a"], &event), Some(Ok(())));
        assert_eq!(hold.push(&app, &["a"], &event), Some(Err(Overloaded)));
        assert!(hold.end(&hub, || true) && hold.is_over());
        assert_eq!(hub.metrics.events_from_clients.get(), 1, "what was kept is not lost");
        assert_eq!(hold.push(&app, &["a"], &event), None);
        assert!(matches!(hold.keep(client_event("1")), Ok(Some(_))));
    }
}
