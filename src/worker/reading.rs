//! From sockets to what clients said: a task per connection, which borrows the worker's one read buffer.

use super::wheel::Entry;
use super::{State, Worker};
use crate::config::BURST_SECONDS;
use crate::connection::{Connection, Reaction, Stream};
use crate::hub::Quota;
use crate::metrics::Limit;
use crate::protocol::reader::{FrameReader, Incoming};
use crate::protocol::{Close, ErrorReply, SocketId, frame};
use crate::view;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::rc::Rc;
use tokio::task::{spawn_local, yield_now};

/// Read in one go; shared by all connections of the worker.
pub(super) const READ_BUFFER: usize = 16 << 10;

/// Largest message a client may send, in bytes: room for the largest client event and its escapes.
pub(super) const MAX_CLIENT_MESSAGE: usize = 64 << 10;

/// What was read at once.
enum Chunk {
    /// There may be more.
    Part,
    All,
    /// Nothing, and nothing will come.
    End,
}

impl Worker {
    /// Takes over a socket that has been upgraded: `answer` is what the client has yet to be told before everything else,
    /// `leftover` what was read beyond its handshake.
    pub(crate) fn adopt(
        self: &Rc<Self>,
        quota: Quota,
        stream: Stream,
        answer: &[u8],
        leftover: &[u8],
    ) -> io::Result<()> {
        let stream = Rc::new(stream);
        let activity_timeout = quota.config.activity_timeout;
        let mut state = self.state.borrow_mut();
        let now = state.wheel.now();
        let socket_id = state.socket_ids.draw()?;
        let mut connection = Connection::new(quota, socket_id, Rc::clone(&stream), now);
        connection.send(frame::connection_established(answer, socket_id, activity_timeout));
        let slot = state.connections.insert(connection);
        state.slots.insert(socket_id, slot);
        self.hub.metrics.connections_opened.increment();
        let due = state.connections[slot].next_look();
        state.wheel.insert(due, Entry { slot, socket_id });
        state.mark_prompt(slot);
        view::connected(&state.connections[slot].session.app.config.id, socket_id);
        if state.stopping.is_some() {
            state.dismiss(slot);
        }
        self.receive(&mut state, slot, leftover);
        spawn_local(Rc::clone(self).read(slot, socket_id, stream));
        Ok(())
    }

    /// Reads a connection until it ends, then takes it off the books.
    pub(super) async fn read(self: Rc<Self>, slot: usize, socket_id: SocketId, stream: Rc<Stream>) {
        while poll_fn(|context| stream.poll_readable(context)).await.is_ok() {
            match self.read_chunk(slot, socket_id, &stream) {
                // A socket that always has more is readable at once: without this, a client that sends as fast as it
                // can would keep all others from being served, and fill its own outbox unjudged.
                Ok(Chunk::Part) => yield_now().await,
                Ok(Chunk::All) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Ok(Chunk::End) | Err(_) => break,
            }
        }
        let mut state = self.state.borrow_mut();
        if state.holds(slot, socket_id) {
            // The socket is closed when this task ends, which it does now.
            self.forget(&mut state, slot);
        }
    }

    /// Reads and handles what there is, up to a buffer of it.
    fn read_chunk(self: &Rc<Self>, slot: usize, socket_id: SocketId, stream: &Stream) -> io::Result<Chunk> {
        let mut buffer = self.read_buffer.borrow_mut();
        let (count, may_be_more) = stream.read_some(&mut buffer)?;
        let mut state = self.state.borrow_mut();
        if count == 0 || !state.holds(slot, socket_id) {
            return Ok(Chunk::End);
        }
        self.receive(&mut state, slot, &buffer[..count]);
        Ok(if may_be_more { Chunk::Part } else { Chunk::All })
    }

    /// Handles bytes of a client.
    fn receive(self: &Rc<Self>, state: &mut State, slot: usize, chunk: &[u8]) {
        let now = state.wheel.now();
        let mut incoming = std::mem::take(&mut state.incoming);
        let connection = &mut state.connections[slot];
        let silence = now - std::mem::replace(&mut connection.heard, now);
        connection.pinged = None;
        let frames = connection.reader.feed(chunk, &mut state.decoder, &mut incoming);
        let limits = self.settings.intake;
        match connection.intake.add(silence, frames, chunk.len(), limits) {
            Some(limit) if connection.closing.is_none() => self.stop_listening(state, slot, limit),
            _ => {}
        }
        for item in incoming.drain(..) {
            self.handle(state, slot, item);
        }
        state.incoming = incoming;
        if !state.connections[slot].outbox.is_empty() {
            state.mark_prompt(slot);
        }
        if state.is_dirty() {
            self.mailbox.ring();
        }
    }

    /// Closes a client that sends too much. What it says from now on is not even looked at.
    fn stop_listening(&self, state: &mut State, slot: usize, limit: Limit) {
        let connection = &mut state.connections[slot];
        connection.reader = FrameReader::over();
        connection.is_flooding = true;
        let (close, may) = match limit {
            Limit::MaxFramesPerSecond => (Close::TOO_MANY_FRAMES, self.settings.intake.frames),
            _ => (Close::TOO_MANY_BYTES, self.settings.intake.bytes),
        };
        let session = &connection.session;
        let what = format_args!(
            "closed a client that sent too much: it may send {may} in a second, and {BURST_SECONDS} times that at once"
        );
        self.hub.limits.met(limit, session.who(), what);
        session.note_closing(limit.name(), &close, "");
        let socket_id = session.socket_id;
        state.terminate(slot, socket_id, &close);
    }

    fn handle(self: &Rc<Self>, state: &mut State, slot: usize, item: Incoming) {
        let now = state.wheel.now();
        let connection = &mut state.connections[slot];
        if connection.closing.is_some() {
            // Of a client that is being closed only the end counts.
            if matches!(item, Incoming::Closed | Incoming::Failed(_)) {
                connection.has_said_goodbye = true;
                state.mark_prompt(slot);
            }
            return;
        }
        match item {
            Incoming::Text(text) => {
                let address = (self.index, slot);
                let reaction = connection.session.receive(&text, &self.hub, address, &mut connection.outbox);
                match reaction {
                    Reaction::Nothing => {}
                    Reaction::Posted => self.take_letters(state),
                    Reaction::Unsubscribed { channel, place } => {
                        let app = state.connections[slot].session.app.index;
                        state.leave(app, &channel, place);
                    }
                }
            }
            // What the hosted service does with a binary frame is not known.
            Incoming::Binary(_) => {
                let reply = ErrorReply::malformed("binary frames are not supported");
                connection.session.note_refusal(&reply, "message", &self.hub);
                frame::error_reply(&reply).for_each(|frame| connection.send(frame));
            }
            Incoming::Answer(answer) => connection.send(answer),
            Incoming::Closed => {
                connection.closing.get_or_insert(now);
                connection.has_said_goodbye = true;
                state.watch(slot);
            }
            Incoming::Failed(close) => {
                if close == Close::TOO_LARGE {
                    let what = format_args!(
                        "closed a client whose message has more than {MAX_CLIENT_MESSAGE} bytes"
                    );
                    self.hub.limits.met(Limit::MessageBytes, connection.session.who(), what);
                }
                connection.session.note_closing("closed_client", &close, "");
                connection.close(&close, now);
                state.watch(slot);
            }
        }
    }
}
