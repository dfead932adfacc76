//! From the hub to whoever tells of life-cycle events: a queue that never makes the hub wait.

use super::LifeEvent;
use crate::config::{LifeKind, LifeKinds};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc;

/// Events and bytes that may wait; what comes on top is dropped. A server that stops vacates all its channels at once,
/// and that should find room.
const MOST_EVENTS: usize = 1 << 16;
const MOST_BYTES: usize = 32 << 20;

/// The telling half, held by the hub.
#[derive(Debug)]
pub(crate) struct Observer {
    sender: mpsc::Sender<LifeEvent>,
    bytes: Arc<AtomicUsize>,
    /// By the apps' indexes: the kinds that somebody wants to know of.
    wanted: Vec<LifeKinds>,
}

/// The listening half.
#[derive(Debug)]
pub(crate) struct Observed {
    receiver: mpsc::Receiver<LifeEvent>,
    bytes: Arc<AtomicUsize>,
}

impl Observer {
    pub(crate) fn new(wanted: Vec<LifeKinds>) -> (Self, Observed) {
        let (sender, receiver) = mpsc::channel(MOST_EVENTS);
        let bytes = Arc::<AtomicUsize>::default();
        (Self { sender, bytes: Arc::clone(&bytes), wanted }, Observed { receiver, bytes })
    }

    pub(crate) fn wants(&self, app: usize, kind: LifeKind) -> bool {
        self.wanted.get(app).is_some_and(|wanted| wanted.contains(kind))
    }

    /// Whether the event was kept.
    pub(crate) fn tell(&self, event: LifeEvent) -> bool {
        // Relaxed: the count is a level, not a guard; the channel orders the events.
        let weight = event.weight();
        if self.bytes.fetch_add(weight, Ordering::Relaxed) + weight <= MOST_BYTES
            && self.sender.try_send(event).is_ok()
        {
            return true;
        }
        self.bytes.fetch_sub(weight, Ordering::Relaxed);
        false
    }
}

impl Observed {
    /// The next event; `None` when the hub is gone.
    pub(crate) async fn next(&mut self) -> Option<LifeEvent> {
        self.receiver.recv().await.inspect(|event| self.forget(event))
    }

    /// An event that waits already.
    pub(crate) fn take(&mut self) -> Option<LifeEvent> {
        self.receiver.try_recv().ok().inspect(|event| self.forget(event))
    }

    fn forget(&self, event: &LifeEvent) {
        self.bytes.fetch_sub(event.weight(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(data: &str) -> LifeEvent {
        let mut event = LifeEvent::at(LifeKind::ClientEvent, "1", "private-a", 0);
        event.data = Some(data.to_owned());
        event
    }

    #[test]
    fn only_what_is_wanted_is_worth_telling() {
        let (observer, _observed) =
            Observer::new(vec![LifeKinds::NONE, LifeKinds::NONE.with(LifeKind::CacheMiss)]);
        assert!(observer.wants(1, LifeKind::CacheMiss));
        assert!(!observer.wants(1, LifeKind::ClientEvent) && !observer.wants(0, LifeKind::CacheMiss));
    }

    #[test]
    fn what_has_no_room_is_dropped_until_there_is_room_again() {
        let (observer, mut observed) = Observer::new(vec![LifeKinds::ALL]);
        let data = "x".repeat(1 << 20);
        let kept = std::iter::repeat_with(|| observer.tell(event(&data))).take_while(|kept| *kept).count();
        assert!((30..=32).contains(&kept), "{kept} MiB were kept");
        assert!(observed.take().is_some());
        assert!(observer.tell(event(&data)));
        while observed.take().is_some() {}
        let kept = std::iter::repeat_with(|| observer.tell(event(""))).take_while(|kept| *kept).count();
        assert_eq!(kept, MOST_EVENTS);
    }
}
