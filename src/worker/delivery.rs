//! From letters to outboxes. Nothing is written to a socket here.

use super::State;
use crate::connection::SharedFrame;
use crate::hub::{Admission, Delivery, Subscriber};
use crate::protocol::{EncodedFrame, SocketId};

/// Deliveries of one turn: enough to fill many frames into each `sendmsg`, few enough that reading is not held up.
pub(super) const TURN_BUDGET: usize = 20_000;

/// Bytes that one turn may add to an outbox: many frames for each `sendmsg`, and yet a client that falls behind is noticed
/// before it is past all bounds.
pub(super) const TURN_BYTES: usize = 256 << 10;

/// Local subscribers up to which an event's receivers are flushed ahead of large fan-outs.
const SMALL_CHANNEL: usize = 32;

impl State {
    /// Puts a frame into the outbox of each subscriber; how many got it.
    pub(super) fn deliver(&mut self, delivery: Delivery) -> usize {
        let slots = self.subscribers.of(delivery.app, &delivery.channel);
        let except = delivery.except.and_then(|socket_id| self.slots.get(&socket_id).copied());
        let lane = if slots.len() <= SMALL_CHANNEL { &mut self.prompt } else { &mut self.bulk };
        let frame = SharedFrame::new(delivery.frame);
        let mut count = slots.len();
        for &slot in slots {
            if Some(slot) == except {
                count -= 1;
                continue;
            }
            let connection = &mut self.connections[slot];
            connection.deliver(&frame);
            if !connection.is_dirty {
                connection.is_dirty = true;
                lane.push_back(slot);
            }
        }
        count
    }

    /// Puts connections on their channel's list and tells the clients so; how many there were.
    pub(super) fn admit(&mut self, admission: &Admission) -> usize {
        let succeeded = SharedFrame::new(admission.succeeded.clone());
        let remembered = admission.remembered.clone().map(SharedFrame::new);
        for &Subscriber { slot, socket_id, serial, .. } in &admission.subscribers {
            if !self.holds(slot, socket_id) {
                continue;
            }
            let connection = &mut self.connections[slot];
            // It may have unsubscribed while the letter was on its way.
            if let Some(subscription) = connection.session.subscriptions.get_mut(&admission.channel)
                && subscription.serial == serial
            {
                subscription.place = Some(self.subscribers.add(admission.app, &admission.channel, slot));
                connection.deliver(&succeeded);
                remembered.iter().for_each(|frame| connection.deliver(frame));
                self.mark_prompt(slot);
            }
        }
        admission.subscribers.len()
    }

    /// Gives a frame to one connection, if it is still there.
    pub(super) fn send(&mut self, slot: usize, socket_id: SocketId, frame: EncodedFrame) {
        if self.holds(slot, socket_id) {
            self.connections[slot].send(frame);
            self.mark_prompt(slot);
        }
    }

    /// Takes the connection at `place` off a channel's list.
    pub(super) fn leave(&mut self, app: usize, channel: &str, place: usize) {
        self.trim.note_end();
        let Some(moved) = self.subscribers.remove(app, channel, place) else { return };
        let subscriptions = self.connections.get_mut(moved).map(|other| &mut other.session.subscriptions);
        if let Some(subscription) = subscriptions.and_then(|subscriptions| subscriptions.get_mut(channel)) {
            subscription.place = Some(place);
        }
    }

    pub(super) fn mark_prompt(&mut self, slot: usize) {
        let connection = &mut self.connections[slot];
        if !connection.is_dirty {
            connection.is_dirty = true;
            self.prompt.push_back(slot);
        }
    }

    pub(super) fn is_dirty(&self) -> bool {
        !self.prompt.is_empty() || !self.bulk.is_empty()
    }
}
