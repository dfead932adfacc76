//! The start of a drain: holding back, while clients come back, what waited for the server.

use super::{Drain, WAIT};
use crate::event::Draft;
use crate::hub::{App, Event, Overloaded, QueueEnd};
use crate::queue::Push;
use crate::queue::{Access, Producer, ProducerOptions};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Size of the ring for events that come over HTTP meanwhile. Not the usual one, so that it is never a ring that a dead
/// publisher left full.
const RING_BYTES: usize = 1 << 20;

/// A ring of the server's own, for events that come over HTTP.
#[derive(Debug)]
pub(super) struct OwnRing(Option<Producer>);

impl OwnRing {
    /// Attaches to the queue. Where that fails, for want of memory for example, events over HTTP are refused meanwhile.
    pub(super) fn attach(path: &Path, access: Access) -> Self {
        let options = ProducerOptions { ring_bytes: RING_BYTES, access, ..ProducerOptions::new(path) };
        let attached = Producer::attach(options);
        Self(
            attached
                .inspect_err(|problem| tracing::warn!(%problem, "events over HTTP are refused at first"))
                .ok(),
        )
    }
}

impl QueueEnd for OwnRing {
    fn push(&mut self, app: &App, channels: &[&str], event: &Event<'_>) -> Result<(), Overloaded> {
        let except = event.except.map(|socket_id| socket_id.to_string());
        let draft = Draft {
            app: app.config.id.as_bytes(),
            channels: channels.iter().map(|channel| channel.as_bytes()),
            name: event.name.as_bytes(),
            data: event.data.as_bytes(),
            except: except.as_deref().map(str::as_bytes),
        };
        let refused = |problem: &dyn std::fmt::Display| {
            tracing::warn!(%problem, "an event that came over HTTP cannot be queued");
            Overloaded
        };
        let encoded = draft.encode().map_err(|problem| refused(&problem))?;
        let producer = self.0.as_mut().ok_or(Overloaded)?;
        match producer.push(encoded.len(), |writer| encoded.write(|piece| writer.put(piece))) {
            Ok(Push::Published) => Ok(()),
            Ok(Push::Full) => Err(Overloaded),
            Err(problem) => Err(refused(&problem)),
        }
    }

    fn next_place(&self) -> u64 {
        self.0.as_ref().map_or(0, Producer::next_ticket)
    }
}

impl Drain {
    /// Waits until the clients have had their time, or until stopped. Nothing is taken from the queue.
    pub(super) fn wait_for_clients(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while !self.is_stopped.load(Ordering::Acquire) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            self.beat.beat();
            self.consumer.rest(left.min(WAIT));
        }
    }
}
