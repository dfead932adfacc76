//! From outboxes to sockets: one system call per dirty connection and turn, and what becomes of those that do not read.

use super::{State, Worker};
use crate::connection::{Flushed, Pace};
use crate::protocol::{Close, SocketId};
use std::hint::black_box;
use std::rc::Rc;
use std::time::Instant;
use tokio::task::spawn_local;

/// Connections of large fan-outs flushed before the inbox and the readers get a chance again.
const BULK_SLICE: usize = 128;

/// Connections whose memory is fetched before they are flushed, together: the kernel's TCP has thrown it out of the caches
/// since the last event, and one after the other each of them would wait for it.
const FETCHED: usize = 8;

/// Seconds that a client gets to answer a close frame.
const CLOSE_WAIT: u32 = 3;

/// An outbox over this many times `max_event_bytes` marks a slow client, if it makes no progress.
pub(super) const SLOW_EVENTS: usize = 4;

/// ... and over this many times, whether it makes progress or not: memory has an end. Times the longest frame that waits,
/// if that is longer: the list of a presence channel may be, and must not be held against a client that is reading it.
const HOPELESS_EVENTS: usize = 16;

impl Worker {
    /// Flushes the connections with answers and events of small channels, then a slice of the others.
    pub(super) fn flush_slice(self: &Rc<Self>, state: &mut State) {
        while let Some(slot) = state.prompt.pop_front() {
            self.flush(state, slot);
        }
        for _ in 0..BULK_SLICE / FETCHED {
            state.fetch_next();
            for _ in 0..FETCHED {
                let Some(slot) = state.bulk.pop_front() else { return };
                self.flush(state, slot);
            }
        }
    }

    fn flush(self: &Rc<Self>, state: &mut State, slot: usize) {
        let Some(connection) = state.connections.get_mut(slot) else { return };
        connection.is_dirty = false;
        let stream = &connection.stream;
        let waiting = connection.outbox.len();
        let flushed = connection.outbox.flush(|slices| stream.try_write(slices));
        state.holdup.note(connection.pace, waiting - connection.outbox.len());
        match stream.settled(flushed) {
            Flushed::Everything => {
                connection.stalled = None;
                state.holdup.catch_up(&mut connection.pace);
                if connection.has_said_goodbye {
                    self.remove(state, slot);
                } else if connection.closing.is_some() && !connection.is_flooding {
                    stream.end();
                } else if connection.outbox.keeps_room() {
                    state.watch(slot);
                }
            }
            Flushed::Blocked { progress } => {
                stream.note_full();
                if progress || connection.stalled.is_none() {
                    connection.stalled = Some(Instant::now());
                }
                if !std::mem::replace(&mut connection.is_resuming, true) {
                    let socket_id = connection.session.socket_id;
                    spawn_local(Rc::clone(self).resume(slot, socket_id, Rc::clone(stream)));
                }
                state.watch(slot);
                self.judge(state, slot);
            }
            Flushed::Gone => self.remove(state, slot),
        }
    }

    /// Waits until a full socket takes bytes again. A task per stall, not per delivery.
    async fn resume(self: Rc<Self>, slot: usize, socket_id: SocketId, stream: Rc<crate::connection::Stream>) {
        if stream.writable().await.is_ok() {
            let mut state = self.state.borrow_mut();
            if state.holds(slot, socket_id) {
                state.connections[slot].is_resuming = false;
                state.mark_prompt(slot);
                self.mailbox.ring();
            }
        }
    }

    /// Looks at the connections that are stalled or being closed, or had several frames at once, once a second.
    pub(super) fn check_watched(self: &Rc<Self>, state: &mut State) {
        let now = state.wheel.now();
        for entry in std::mem::take(&mut state.watched) {
            if !state.holds(entry.slot, entry.socket_id) {
                continue;
            }
            let connection = &mut state.connections[entry.slot];
            connection.is_watched = false;
            match connection.closing {
                Some(since) if now >= since + CLOSE_WAIT => self.remove(state, entry.slot),
                None if connection.stalled.is_none() => {
                    connection.outbox.give_back();
                    state.trim.note_end();
                }
                _ => {
                    state.watch(entry.slot);
                    self.judge(state, entry.slot);
                }
            }
        }
        if state.is_dirty() {
            self.mailbox.ring();
        }
    }

    /// Hangs up on a client that is slow: its outbox is over the limit and it made no progress for the send timeout,
    /// or its outbox is past all bounds. It is told with 4100, in case it reads after all.
    ///
    /// Whether it is to be waited for, or need not be any more, is seen here, too.
    fn judge(&self, state: &mut State, slot: usize) {
        let now = Instant::now();
        let connection = &mut state.connections[slot];
        let event = connection.session.app.config.max_event_bytes;
        let waiting = connection.outbox.weight();
        let has_much = waiting > SLOW_EVENTS * event;
        let is_over =
            |events: usize| waiting > events * event && waiting > events * connection.outbox.longest();
        let progress = connection.stalled.unwrap_or(now);
        if connection.pace == Pace::Behind && !has_much {
            state.holdup.catch_up(&mut connection.pace);
        } else if connection.pace == Pace::Keeping && connection.closing.is_none() && is_over(SLOW_EVENTS) {
            state.holdup.fall_behind(&mut connection.pace, progress, now);
        }
        let stuck = now.duration_since(progress) >= self.settings.send_timeout;
        let slow = (stuck && has_much) || is_over(HOPELESS_EVENTS);
        if slow && connection.closing.is_none() {
            self.hub.metrics.slow_clients_closed.increment();
            let session = &connection.session;
            tracing::info!(socket_id = %session.socket_id, app = %session.app.config.id, waiting, "closed a slow client");
            session.note_closing(
                "slow_client",
                &Close::TOO_SLOW,
                format_args!(": {waiting} bytes waited for it"),
            );
            state.hang_up(slot, &Close::TOO_SLOW);
        }
    }
}

impl State {
    /// Closes a client that does not read: it is told so, in case it reads after all, and gets nothing of what waited.
    pub(super) fn hang_up(&mut self, slot: usize, close: &Close) {
        let tick = self.wheel.now();
        let connection = &mut self.connections[slot];
        connection.outbox.discard_unsent();
        connection.close(close, tick);
        self.holdup.catch_up(&mut connection.pace);
        self.watch(slot);
        self.mark_prompt(slot);
    }

    /// Reads what the next flushes begin with.
    fn fetch_next(&self) {
        for &slot in self.bulk.iter().take(FETCHED) {
            black_box(
                self.connections.get(slot).map(|next| (next.outbox.is_empty(), next.stream.descriptor())),
            );
        }
    }

    /// Lets go of those who are waited for in vain.
    pub(super) fn check_holdup(&mut self) {
        let now = Instant::now();
        self.holdup.note_turn(now);
        if self.holdup.is_vain(now) {
            // Who is behind is stalled, and who is stalled is watched.
            for entry in &self.watched {
                let connection = self.connections.get_mut(entry.slot);
                if let Some(connection) = connection.filter(|it| it.session.socket_id == entry.socket_id) {
                    self.holdup.let_go(&mut connection.pace);
                }
            }
        }
    }
}
