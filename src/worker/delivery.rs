//! From letters to outboxes. Nothing is written to a socket here.

use super::State;
use crate::connection::{Place, SharedFrame};
use crate::hub::{Admission, Delivery};
use crate::protocol::{EncodedFrame, SocketId};

/// Deliveries of one turn: enough to fill many frames into each `sendmsg`, few enough that reading is not held up.
pub(super) const TURN_BUDGET: usize = 20_000;

/// Local subscribers up to which an event's receivers are flushed ahead of large fan-outs.
const SMALL_CHANNEL: usize = 32;

impl State {
    /// Puts a frame into the outbox of each subscriber; how many there were.
    pub(super) fn deliver(&mut self, delivery: Delivery) -> usize {
        let slots = self.subscribers.of(delivery.app, &delivery.channel);
        let except = delivery.except.and_then(|socket_id| self.slots.get(&socket_id).copied());
        let lane = if slots.len() <= SMALL_CHANNEL { &mut self.prompt } else { &mut self.bulk };
        let frame = SharedFrame::new(delivery.frame);
        for &slot in slots {
            if Some(slot) == except {
                continue;
            }
            let connection = &mut self.connections[slot];
            connection.deliver(&frame);
            if !connection.is_dirty {
                connection.is_dirty = true;
                lane.push_back(slot);
            }
        }
        slots.len()
    }

    /// Puts a connection on its channel's list and tells the client so.
    pub(super) fn admit(&mut self, admission: Admission) {
        if !self.holds(admission.slot, admission.socket_id) {
            return;
        }
        let Admission { app, channel, slot, frames, .. } = admission;
        let connection = &mut self.connections[slot];
        if let Some(subscription) = connection.session.subscriptions.get_mut(&channel) {
            subscription.place = Some(self.subscribers.add(app, channel, slot));
            frames.into_iter().for_each(|frame| connection.send(frame));
            self.mark_prompt(slot);
        }
    }

    /// Gives a frame to one connection, if it is still there.
    pub(super) fn send(&mut self, slot: usize, socket_id: SocketId, frame: EncodedFrame) {
        if self.holds(slot, socket_id) {
            self.connections[slot].send(frame);
            self.mark_prompt(slot);
        }
    }

    /// Takes a connection off a list.
    pub(super) fn leave(&mut self, place: Place) {
        let Some(moved) = self.subscribers.remove(place) else { return };
        let subscriptions =
            self.connections.get_mut(moved.slot).map(|other| &mut other.session.subscriptions);
        if let Some(subscription) =
            subscriptions.and_then(|subscriptions| subscriptions.get_mut(&moved.channel))
        {
            subscription.place = Some(moved.place);
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
