//! The events that wait for one endpoint: bounded in number, in bytes and in time.
//!
//! Where something has to go, the oldest goes: whoever receives the rest then knows how things stand now, and the
//! newest state is worth more than the history of it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Events that may wait.
const MOST_EVENTS: usize = 10_000;

/// Bytes that may wait.
const MOST_BYTES: usize = 8 << 20;

/// How long an event may wait behind a request that fails: as long as a request is repeated.
pub(super) const MOST_AGE: Duration = Duration::from_secs(300);

/// How long an event waits for others that go with it in one request.
const WINDOW: Duration = Duration::from_millis(50);

/// Events in one request.
const BATCH_EVENTS: usize = 100;

/// Bytes of events in one request, if it is more than one: well under what web servers take by default (1 MB, nginx).
const BATCH_BYTES: usize = 256 << 10;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    events: VecDeque<(Instant, Arc<str>)>,
    bytes: usize,
}

impl Backlog {
    /// Adds an event; how many have to go for it.
    pub(super) fn push(&mut self, event: Arc<str>, now: Instant) -> usize {
        if event.len() > MOST_BYTES {
            return 1;
        }
        self.bytes += event.len();
        self.events.push_back((now, event));
        self.drop_while(|backlog, _| backlog.events.len() > MOST_EVENTS || backlog.bytes > MOST_BYTES)
    }

    /// Drops what has waited too long; how many those were.
    pub(super) fn expire(&mut self, now: Instant) -> usize {
        self.drop_while(|_, since| now.saturating_duration_since(since) >= MOST_AGE)
    }

    /// When a request should be made of what is there; `None` if there is nothing.
    pub(super) fn ready_at(&self) -> Option<Instant> {
        let (since, _) = self.events.front()?;
        let is_full = self.events.len() >= BATCH_EVENTS || self.bytes >= BATCH_BYTES;
        Some(if is_full { *since } else { *since + WINDOW })
    }

    /// The events of one request, oldest first.
    pub(super) fn take(&mut self) -> Vec<Arc<str>> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some((_, next)) = self.events.front()
            && batch.len() < BATCH_EVENTS
            && (batch.is_empty() || bytes + next.len() <= BATCH_BYTES)
        {
            bytes += next.len();
            batch.extend(self.pop());
        }
        batch
    }

    /// All that waits, oldest first, and since when.
    pub(super) fn events(&self) -> impl Iterator<Item = (Instant, &Arc<str>)> {
        self.events.iter().map(|(since, event)| (*since, event))
    }

    fn drop_while(&mut self, condition: impl Fn(&Self, Instant) -> bool) -> usize {
        let mut dropped = 0;
        while let Some(&(since, _)) = self.events.front()
            && condition(self, since)
        {
            self.pop();
            dropped += 1;
        }
        dropped
    }

    fn pop(&mut self) -> Option<Arc<str>> {
        let (_, event) = self.events.pop_front()?;
        self.bytes -= event.len();
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(events: impl IntoIterator<Item = String>, now: Instant) -> Backlog {
        let mut backlog = Backlog::default();
        for event in events {
            assert_eq!(backlog.push(event.into(), now), 0);
        }
        backlog
    }

    fn numbers(range: std::ops::Range<usize>) -> impl Iterator<Item = String> {
        range.map(|number| number.to_string())
    }

    #[test]
    fn a_request_waits_for_the_window_or_for_its_hundredth_event() {
        let now = Instant::now();
        assert_eq!(Backlog::default().ready_at(), None);
        assert_eq!(with(numbers(0..1), now).ready_at(), Some(now + WINDOW));
        assert_eq!(with(numbers(0..99), now).ready_at(), Some(now + WINDOW));
        assert_eq!(with(numbers(0..100), now).ready_at(), Some(now));
        assert_eq!(with(["x".repeat(BATCH_BYTES)], now).ready_at(), Some(now));
    }

    #[test]
    fn events_go_out_in_order_a_hundred_at_a_time() {
        let mut backlog = with(numbers(0..250), Instant::now());
        let batches: Vec<Vec<Arc<str>>> =
            std::iter::repeat_with(|| backlog.take()).take_while(|batch| !batch.is_empty()).collect();
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 50]);
        assert!(batches.concat().iter().map(AsRef::as_ref).eq(numbers(0..250)));
        assert_eq!((backlog.bytes, backlog.ready_at()), (0, None));
    }

    #[test]
    fn a_request_is_bounded_in_bytes_too_but_takes_an_event_of_any_size() {
        let half = "x".repeat(BATCH_BYTES / 2);
        let large = "x".repeat(BATCH_BYTES * 2);
        let mut backlog = with([half.clone(), half.clone(), half.clone(), large, half], Instant::now());
        let sizes: Vec<usize> =
            std::iter::repeat_with(|| backlog.take().len()).take_while(|&size| size > 0).collect();
        assert_eq!(sizes, [2, 1, 1, 1]);
    }

    #[test]
    fn with_too_many_events_the_oldest_go() {
        let now = Instant::now();
        let mut backlog = with(numbers(0..MOST_EVENTS), now);
        assert_eq!(backlog.push("new".into(), now), 1);
        assert_eq!(&*backlog.take()[0], "1");
        assert_eq!(&*backlog.events.back().unwrap().1, "new");
    }

    #[test]
    fn with_too_many_bytes_the_oldest_go() {
        let now = Instant::now();
        let megabyte = "x".repeat(1 << 20);
        let mut backlog = with(std::iter::repeat_n(megabyte, 8), now);
        assert_eq!(backlog.push("y".repeat((1 << 20) + 1).into(), now), 2);
        assert_eq!((backlog.events.len(), backlog.bytes), (7, (7 << 20) + 1));
        assert_eq!(
            backlog.push("z".repeat(MOST_BYTES + 1).into(), now),
            1,
            "and what never fits goes itself"
        );
        assert_eq!(backlog.events.len(), 7);
    }

    #[test]
    fn what_has_waited_for_five_minutes_goes() {
        let now = Instant::now();
        let mut backlog = with(numbers(0..3), now);
        backlog.push("new".into(), now + Duration::from_secs(1));
        assert_eq!(backlog.expire(now + MOST_AGE - Duration::from_millis(1)), 0);
        assert_eq!(backlog.expire(now + MOST_AGE), 3);
        assert_eq!(backlog.take(), ["new".into()] as [Arc<str>; 1]);
    }
}
