//! Which connections live, which are asked, and how the others are ended.

use super::State;
use super::wheel::Entry;
use crate::metrics::Metrics;
use crate::protocol::{Close, SocketId, frame};
use std::time::Duration;

impl State {
    /// Asks a silent client whether it lives, or gives up on it (protocol section "Ping and pong messages").
    pub(super) fn check_alive(&mut self, entry: Entry, metrics: &Metrics) {
        if !self.holds(entry.slot, entry.socket_id) {
            return;
        }
        let now = self.wheel.now();
        let connection = &mut self.connections[entry.slot];
        if connection.closing.is_some() {
            // It was given up already, or it hung up: its end is watched.
        } else if connection.is_unauthorized(now) {
            connection.session.note_closing("unauthorized_client", &Close::NOT_AUTHORIZED, "");
            self.terminate(entry.slot, entry.socket_id, &Close::NOT_AUTHORIZED);
        } else if connection.has_missed_pong(now) {
            metrics.silent_clients_closed.increment();
            connection.session.note_closing("silent_client", &Close::NO_PONG, "");
            connection.close(&Close::NO_PONG, now);
            // Who has been silent all along will not answer this either, and those on its channels should know.
            connection.has_said_goodbye = true;
            self.watch(entry.slot);
        } else if connection.is_silent(now) {
            connection.send(frame::ping());
            connection.pinged = Some(now);
        }
        self.mark_prompt(entry.slot);
        self.wheel.insert(self.connections[entry.slot].next_look().max(now + 1), entry);
    }

    /// Closes every connection because the server stops.
    pub(super) fn dismiss_all(&mut self, grace: Duration) {
        self.stopping = Some(grace);
        let slots: Vec<usize> = self.connections.iter().map(|(slot, _)| slot).collect();
        slots.into_iter().for_each(|slot| self.dismiss(slot));
    }

    pub(super) fn dismiss(&mut self, slot: usize) {
        self.end(slot, &Close::GOING_AWAY);
    }

    /// Closes one connection, if it is still there, with the reason as an event and as a close code.
    pub(super) fn terminate(&mut self, slot: usize, socket_id: SocketId, close: &Close) {
        if self.holds(slot, socket_id) {
            self.connections[slot].send(frame::error(Some(close.code), &close.reason));
            self.end(slot, close);
        }
    }

    fn end(&mut self, slot: usize, close: &Close) {
        let now = self.wheel.now();
        self.connections[slot].close(close, now);
        self.watch(slot);
        self.mark_prompt(slot);
    }

    /// Has the connection looked at every second while it is stalled or being closed.
    pub(super) fn watch(&mut self, slot: usize) {
        let connection = &mut self.connections[slot];
        if !std::mem::replace(&mut connection.is_watched, true) {
            self.watched.push(Entry { slot, socket_id: connection.session.socket_id });
        }
    }
}
