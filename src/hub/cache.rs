//! What cache channels remember: the last event that the application published.

use crate::protocol::EncodedFrame;
use foldhash::fast::RandomState;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an event is remembered since its publication, as the hosted service does at most.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// The remembered events of some channels. They outlive the channel's last subscriber.
#[derive(Debug, Default)]
pub(super) struct Cache {
    events: HashMap<Arc<str>, Remembered, RandomState>,
    /// Channels by the end of their event's life: what is over is found without looking at the rest.
    ends: BTreeMap<(Instant, Arc<str>), ()>,
}

#[derive(Debug)]
struct Remembered {
    frame: EncodedFrame,
    data: Box<str>,
    end: Instant,
}

/// A remembered event, as the HTTP API tells of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cached {
    pub(crate) data: String,
    /// Seconds that it will still be remembered.
    pub(crate) ttl: u64,
}

impl Cache {
    pub(super) fn remember(&mut self, channel: &Arc<str>, frame: &EncodedFrame, data: &str, now: Instant) {
        self.forget_old(now);
        self.restore(Arc::clone(channel), frame.clone(), data.into(), now + LIFETIME);
    }

    /// Remembers an event until `end`.
    pub(super) fn restore(&mut self, channel: Arc<str>, frame: EncodedFrame, data: Box<str>, end: Instant) {
        let event = Remembered { frame, data, end };
        if let Some(former) = self.events.insert(Arc::clone(&channel), event) {
            self.ends.remove(&(former.end, Arc::clone(&channel)));
        }
        self.ends.insert((end, channel), ());
    }

    /// Everything that is remembered: channel, frame, data, and for how long yet.
    pub(super) fn states(&self, now: Instant) -> impl Iterator<Item = (&str, EncodedFrame, &str, Duration)> {
        self.events.iter().map(move |(channel, event)| {
            (&**channel, event.frame.clone(), &*event.data, event.end.saturating_duration_since(now))
        })
    }

    /// The frame of the channel's last event.
    pub(super) fn frame(&mut self, channel: &str, now: Instant) -> Option<EncodedFrame> {
        self.forget_old(now);
        self.events.get(channel).map(|event| event.frame.clone())
    }

    pub(super) fn cached(&mut self, channel: &str, now: Instant) -> Option<Cached> {
        self.forget_old(now);
        let event = self.events.get(channel)?;
        Some(Cached { data: event.data.to_string(), ttl: event.end.duration_since(now).as_secs() })
    }

    fn forget_old(&mut self, now: Instant) {
        while let Some(first) = self.ends.first_entry()
            && first.key().0 <= now
        {
            let ((_, channel), ()) = first.remove_entry();
            self.events.remove(&channel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_event_is_remembered_for_half_an_hour() {
        let (mut cache, now) = (Cache::default(), Instant::now());
        let (a, b): (Arc<str>, Arc<str>) = ("cache-a".into(), "cache-b".into());
        let frame = |text: &'static str| EncodedFrame::from_static(text.as_bytes());
        cache.remember(&a, &frame("1"), "one", now);
        cache.remember(&b, &frame("2"), "two", now + Duration::from_secs(60));
        cache.remember(&a, &frame("3"), "three", now + Duration::from_secs(120));
        let later = now + Duration::from_secs(1800);
        assert_eq!(cache.frame("cache-a", later), Some(frame("3")), "its life began anew");
        assert_eq!(cache.cached("cache-b", later), Some(Cached { data: "two".into(), ttl: 60 }));
        assert_eq!(cache.cached("cache-b", now + Duration::from_secs(1860)), None);
        assert_eq!(cache.frame("cache-a", now + Duration::from_secs(1920)), None);
        assert!(cache.events.is_empty() && cache.ends.is_empty());
    }
}
