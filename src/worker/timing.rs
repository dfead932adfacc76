//! How long things take, measured now and then: a clock read costs as much as a tenth of a delivery.

use crate::metrics::Metrics;
use std::time::Instant;

/// One in so many of the worker's wake-ups has its turns measured.
const WAKE_UPS: u32 = 8;

/// What is being measured.
#[derive(Debug, Default)]
pub(super) struct Timing {
    /// When an event was published that is on its way to the sockets.
    published: Option<Instant>,
    wake_ups: u32,
    /// When the turn began, if it is measured.
    begun: Option<Instant>,
}

impl Timing {
    /// Follows an event, whose frames are in the outboxes now, to the sockets. One at a time.
    pub(super) fn follow(&mut self, published: Instant) {
        self.published.get_or_insert(published);
    }

    /// Notes that the worker has something to do.
    pub(super) fn wake_up(&mut self) {
        self.wake_ups = self.wake_ups.wrapping_add(1);
        self.begun = self.wake_ups.is_multiple_of(WAKE_UPS).then(Instant::now);
    }

    /// Notes the end of a turn; what other tasks did since the one before it counts for it.
    pub(super) fn end_turn(&mut self, is_flushed: bool, metrics: &Metrics) {
        if is_flushed && let Some(published) = self.published.take() {
            metrics.publish_to_flush.observe(published.elapsed());
        }
        if let Some(begun) = self.begun {
            let now = Instant::now();
            metrics.turns.observe(now.duration_since(begun));
            self.begun = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn an_event_counts_once_everything_is_flushed() {
        let (mut timing, metrics) = (Timing::default(), Metrics::default());
        let published = Instant::now();
        timing.follow(published.checked_sub(Duration::from_secs(3)).unwrap());
        timing.follow(published);
        timing.end_turn(false, &metrics);
        assert_eq!(metrics.publish_to_flush.sum(), Duration::ZERO);
        timing.end_turn(true, &metrics);
        assert!(metrics.publish_to_flush.sum() >= Duration::from_secs(3), "the first that came");
        timing.end_turn(true, &metrics);
        assert_eq!(metrics.publish_to_flush.cumulative().last(), Some(&1));
    }

    #[test]
    fn every_turn_of_one_wake_up_in_eight_is_measured() {
        let (mut timing, metrics) = (Timing::default(), Metrics::default());
        for _ in 0..2 * WAKE_UPS {
            timing.wake_up();
            (0..3).for_each(|_| timing.end_turn(true, &metrics));
        }
        assert_eq!(metrics.turns.cumulative().last(), Some(&6));
    }
}
