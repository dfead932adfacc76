//! One thread of the server, with the connections it owns outright.
//!
//! A worker is a current-thread tokio runtime. Each connection has one task, which waits for its socket to become
//! readable and borrows the worker's one read buffer when it is; letters from other threads, the timer and all
//! writing belong to the loop in [`Worker::run`]. A *turn* of it empties the inbox into outboxes, in the order in
//! which the letters came, and then flushes each outbox that got something with one system call. Flushing is cut into
//! slices between which reading, accepting and the inbox get their chance, and connections that got an event of a
//! small channel go first: a fan-out to ten thousand does not hold up a private message.
//!
//! # What a delivery costs
//!
//! One letter for all the worker's subscribers, then for each of them `State::deliver`, which counts a reference up and
//! puts the slot into a lane, and `Worker::flush`, which is a `send`: no allocation, no lock, no atomic operation, and no
//! second system call. `tests/delivery` counts that. The kernel takes nine tenths of the time; of the rest nearly all is
//! waiting for memory, because sending to a thousand sockets throws everything of ours out of the caches in between. So
//! what counts is how few cache lines a delivery touches one after the other: those of the connection's head, and its
//! socket's.

mod delivery;
mod flushing;
mod liveness;
mod settling;
mod subscribers;
mod trim;
mod wheel;

use crate::connection::{Connection, Reaction, Stream};
use crate::hub::{Hub, Letter, Mailbox, Quota, Socket};
use crate::protocol::reader::{Decoder, Incoming};
use crate::protocol::{ErrorReply, SocketId, frame};
use crate::spare::Spare;
use crate::view;
use bytes::Bytes;
use settling::{Unsettled, pause};
use slab::Slab;
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use subscribers::Subscribers;
use tokio::task::{LocalSet, spawn_local, yield_now};
use trim::Trim;
use wheel::{Entry, Wheel};

/// Read in one go; shared by all connections of the worker.
const READ_BUFFER: usize = 16 << 10;

/// Largest message a client may send, in bytes: room for the largest client event and its escapes.
const MAX_CLIENT_MESSAGE: usize = 64 << 10;

/// How long, at least, a stopping worker waits for its clients to see their close frames and hang up.
const FAREWELL: Duration = Duration::from_millis(60);

/// Speaks HTTP with an accepted socket until it ends or becomes a WebSocket.
pub(crate) type Serve = fn(Rc<Worker>, Socket) -> Pin<Box<dyn Future<Output = ()>>>;

/// What a worker needs to know of the configuration.
#[derive(Debug, Clone)]
pub(crate) struct WorkerSettings {
    pub(crate) path_prefix: String,
    /// Ticks without progress after which a client with a full outbox is slow.
    pub(crate) send_timeout: u32,
}

/// See the module.
pub(crate) struct Worker {
    index: usize,
    pub(crate) hub: Arc<Hub>,
    pub(crate) settings: WorkerSettings,
    mailbox: Mailbox,
    serve: Serve,
    read_buffer: RefCell<Box<[u8]>>,
    state: RefCell<State>,
}

/// What changes while the worker runs. Borrowed for the length of one synchronous step, never across an `await`.
struct State {
    connections: Slab<Connection>,
    slots: HashMap<SocketId, usize, foldhash::fast::RandomState>,
    subscribers: Subscribers,
    unsettled: Unsettled,
    /// Dirty connections to flush first: answers, and events of small channels.
    prompt: VecDeque<usize>,
    /// Dirty connections of large fan-outs.
    bulk: VecDeque<usize>,
    wheel: Wheel,
    trim: Trim,
    /// Connections looked at every second: their socket is full, they are being closed, or they keep the room of a burst.
    watched: Vec<Entry>,
    decoder: Decoder,
    incoming: Vec<Incoming>,
    /// Set when the worker ends: how long its clients get to hang up.
    stopping: Option<Duration>,
}

impl Worker {
    pub(crate) fn new(
        index: usize,
        hub: Arc<Hub>,
        settings: WorkerSettings,
        mailbox: Mailbox,
        apps: usize,
        serve: Serve,
    ) -> Rc<Self> {
        let state = State {
            connections: Slab::new(),
            slots: HashMap::default(),
            subscribers: Subscribers::new(apps),
            unsettled: Unsettled::default(),
            prompt: VecDeque::new(),
            bulk: VecDeque::new(),
            wheel: Wheel::new(),
            trim: Trim::default(),
            watched: Vec::new(),
            decoder: Decoder::new(MAX_CLIENT_MESSAGE),
            incoming: Vec::new(),
            stopping: None,
        };
        let read_buffer = RefCell::new(vec![0; READ_BUFFER].into());
        Rc::new(Self { index, hub, settings, mailbox, serve, read_buffer, state: RefCell::new(state) })
    }

    /// Runs on the calling thread until [`Letter::Stop`] comes.
    pub(crate) fn run(self: &Rc<Self>) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        LocalSet::new().block_on(&runtime, self.turns());
        Ok(())
    }

    async fn turns(self: &Rc<Self>) {
        let mut clock = tokio::time::interval(Duration::from_secs(1));
        loop {
            let pause_end = self.state.borrow().unsettled.next();
            tokio::select! {
                () = self.mailbox.rung() => {}
                () = pause(pause_end) => {}
                _ = clock.tick() => self.tick(),
            }
            while self.turn() {
                yield_now().await;
            }
            let stopping = self.state.borrow().stopping;
            if let Some(grace) = stopping {
                return self.part(grace.max(FAREWELL)).await;
            }
        }
    }

    /// Waits for the clients to hang up on a stopping worker.
    async fn part(self: &Rc<Self>, grace: Duration) {
        let parted = async {
            while !self.state.borrow().connections.is_empty() {
                // A full socket may take its close frame yet, and a client that answered its own can go.
                self.turn();
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        // Whoever has not hung up by then finds the socket closed, and leaves its channels like everybody who goes.
        let _ = tokio::time::timeout(grace, parted).await;
        let mut state = self.state.borrow_mut();
        let slots: Vec<usize> = state.connections.iter().map(|(slot, _)| slot).collect();
        slots.into_iter().for_each(|slot| self.remove(&mut state, slot));
    }

    fn tick(self: &Rc<Self>) {
        let mut state = self.state.borrow_mut();
        for entry in state.wheel.tick() {
            state.check_alive(entry, &self.hub.metrics);
        }
        self.check_watched(&mut state);
        let now = state.wheel.now();
        state.trim.tick(now);
    }

    /// One turn; whether there is more to do.
    fn turn(self: &Rc<Self>) -> bool {
        let mut state = self.state.borrow_mut();
        self.take_letters(&mut state, delivery::TURN_BUDGET);
        if self.settle(&mut state) {
            self.take_letters(&mut state, delivery::TURN_BUDGET);
        }
        self.flush_slice(&mut state);
        state.is_dirty() || !self.mailbox.is_empty()
    }

    /// Does what the letters say, in order, until the inbox is empty or `budget` deliveries were made.
    fn take_letters(self: &Rc<Self>, state: &mut State, mut budget: usize) {
        let (mut deliveries, mut bytes) = (0, 0);
        while budget > 0
            && let Some(letter) = self.mailbox.take()
        {
            budget = budget.saturating_sub(1);
            match letter {
                Letter::Deliver(delivery) => {
                    let length = delivery.frame.len();
                    let count = state.deliver(delivery);
                    budget = budget.saturating_sub(count);
                    deliveries += count;
                    bytes += count * length;
                }
                Letter::Admit(admission) => budget = budget.saturating_sub(state.admit(&admission)),
                Letter::Settle { app, channel } => state.unsettled.add(app, channel),
                Letter::Send { slot, socket_id, frame } => state.send(slot, socket_id, frame),
                Letter::Close { slot, socket_id, close } => state.terminate(slot, socket_id, &close),
                Letter::Adopt(socket) => drop(spawn_local((self.serve)(Rc::clone(self), socket))),
                Letter::Stop { grace } => state.dismiss_all(grace),
            }
        }
        if deliveries > 0 {
            self.hub.metrics.deliveries.add(deliveries as u64);
            self.hub.metrics.delivered_bytes.add(bytes as u64);
        }
    }

    /// Takes over a socket that has been upgraded: `answer` is what the client has yet to be told before everything else,
    /// `leftover` what was read beyond its handshake.
    pub(crate) fn adopt(
        self: &Rc<Self>,
        quota: Quota,
        stream: Stream,
        answer: Bytes,
        leftover: &[u8],
    ) -> io::Result<()> {
        let socket_id = SocketId::from_random(getrandom::u64().map_err(io::Error::other)?);
        let stream = Rc::new(stream);
        let activity_timeout = quota.app().config.activity_timeout;
        let mut state = self.state.borrow_mut();
        let now = state.wheel.now();
        let mut connection = Connection::new(quota, socket_id, Rc::clone(&stream), now);
        if !answer.is_empty() {
            connection.send(answer);
        }
        connection.send(frame::connection_established(socket_id, activity_timeout));
        let slot = state.connections.insert(connection);
        state.slots.insert(socket_id, slot);
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
    async fn read(self: Rc<Self>, slot: usize, socket_id: SocketId, stream: Rc<Stream>) {
        while stream.readable().await.is_ok() {
            match self.read_chunk(slot, socket_id, &stream) {
                Ok(0) => break,
                // A socket that always has more is readable at once: without this, a client that sends as fast as it
                // can would keep all others from being served, and fill its own outbox unjudged.
                Ok(_) => yield_now().await,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        let mut state = self.state.borrow_mut();
        if state.holds(slot, socket_id) {
            self.remove(&mut state, slot);
        }
    }

    /// Reads and handles what there is, up to a buffer of it; how much it was, and 0 at the end.
    fn read_chunk(self: &Rc<Self>, slot: usize, socket_id: SocketId, stream: &Stream) -> io::Result<usize> {
        let mut buffer = self.read_buffer.borrow_mut();
        let count = stream.try_read(&mut buffer)?;
        let mut state = self.state.borrow_mut();
        if !state.holds(slot, socket_id) {
            return Ok(0);
        }
        if count > 0 {
            self.receive(&mut state, slot, &buffer[..count]);
        }
        Ok(count)
    }

    /// Handles bytes of a client.
    fn receive(self: &Rc<Self>, state: &mut State, slot: usize, chunk: &[u8]) {
        let now = state.wheel.now();
        let mut incoming = std::mem::take(&mut state.incoming);
        let connection = &mut state.connections[slot];
        connection.heard = now;
        connection.pinged = None;
        connection.reader.feed(chunk, &mut state.decoder, &mut incoming);
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
                    Reaction::Posted => self.take_letters(state, usize::MAX),
                    Reaction::Unsubscribed { channel, place } => {
                        let app = state.connections[slot].session.app.index;
                        state.leave(app, &channel, place);
                    }
                }
            }
            // What the hosted service does with a binary frame is not known.
            Incoming::Binary(_) => {
                let reply = ErrorReply::malformed("binary frames are not supported");
                frame::error_reply(&reply).for_each(|frame| connection.send(frame));
            }
            Incoming::Answer(answer) => connection.send(answer),
            Incoming::Closed => {
                connection.closing.get_or_insert(now);
                connection.has_said_goodbye = true;
                state.watch(slot);
            }
            Incoming::Failed(close) => {
                connection.close(&close, now);
                state.watch(slot);
            }
        }
    }

    /// Ends a connection and tells the channels that it was on.
    fn remove(&self, state: &mut State, slot: usize) {
        let Connection { mut session, stream, quota, .. } = state.connections.remove(slot);
        state.slots.remove(&session.socket_id);
        state.slots.give_back();
        state.trim.note_end();
        view::disconnected(&session.app.config.id, session.socket_id);
        for (channel, place) in session.leave_all(&self.hub, self.index, slot) {
            state.leave(session.app.index, &channel, place);
        }
        // The client may come back as soon as it sees the end: its place must be free by then.
        drop(quota);
        stream.abort();
    }
}

impl State {
    fn holds(&self, slot: usize, socket_id: SocketId) -> bool {
        self.connections.get(slot).is_some_and(|connection| connection.session.socket_id == socket_id)
    }
}

/// Debug output of a worker would be its clients' data.
impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("index", &self.index).finish_non_exhaustive()
    }
}
