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

mod ceiling;
mod delivery;
mod dismissal;
mod flushing;
mod handover;
mod holdup;
mod liveness;
mod reading;
mod settling;
mod socket_ids;
mod subscribers;
mod survey;
mod timing;
mod trim;
mod wheel;

use crate::config::{Secret, TrustedProxies};
pub(crate) use crate::connection::IntakeLimits;
use crate::connection::{Connection, Stream};
use crate::handover::fault;
use crate::handover::halt::Halt;
use crate::hub::{Hub, Letter, Mailbox, Socket};
use crate::protocol::SocketId;
use crate::protocol::reader::{Decoder, Incoming};
use crate::pulse::Beat;
use crate::spare::Spare;
use crate::view;
pub(crate) use handover::{Inheritance, Passage};
use handover::{Standstill, Talks};
use holdup::Holdup;
use reading::{MAX_CLIENT_MESSAGE, READ_BUFFER};
use settling::{Unsettled, pause};
use slab::Slab;
use socket_ids::SocketIds;
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use subscribers::Subscribers;
use timing::Timing;
use tokio::runtime::Runtime;
use tokio::task::{LocalSet, spawn_local, yield_now};
use trim::Trim;
use wheel::{Entry, Wheel};

/// How long, at least, a stopping worker waits for its clients to see their close frames and hang up.
const FAREWELL: Duration = Duration::from_millis(60);

/// Accepted sockets that are heard in one turn: enough for an avalanche, few enough that nobody waits for it.
const NEWCOMERS: usize = 32;

/// Speaks HTTP with an accepted socket until it ends or becomes a WebSocket; another server may have read its beginning.
pub(crate) type Serve = fn(&Rc<Worker>, Socket, &[u8]);

/// What a worker needs to know of the configuration.
#[derive(Debug, Clone)]
pub(crate) struct WorkerSettings {
    pub(crate) path_prefix: String,
    /// What opens `/metrics`, if anything does.
    pub(crate) metrics_token: Option<Secret>,
    /// Who is believed when it says where a client comes from.
    pub(crate) trusted_proxies: TrustedProxies,
    /// What a client may send.
    pub(crate) intake: IntakeLimits,
    /// Time without progress after which a client with a full outbox is slow.
    pub(crate) send_timeout: Duration,
    /// The smallest that any app has.
    pub(crate) max_event_bytes: usize,
}

/// See the module.
pub(crate) struct Worker {
    index: usize,
    pub(crate) hub: Arc<Hub>,
    pub(crate) settings: WorkerSettings,
    mailbox: Mailbox,
    serve: Serve,
    /// Bytes that a turn may add to an outbox.
    turn_bytes: usize,
    read_buffer: RefCell<Box<[u8]>>,
    talks: RefCell<Talks>,
    beat: Beat,
    state: RefCell<State>,
}

/// What changes while the worker runs. Borrowed for the length of one synchronous step, never across an `await`.
struct State {
    connections: Slab<Connection>,
    slots: HashMap<SocketId, usize, foldhash::fast::RandomState>,
    subscribers: Subscribers,
    unsettled: Unsettled,
    /// Accepted sockets that nobody has heard yet.
    newcomers: VecDeque<Socket>,
    socket_ids: SocketIds,
    /// Dirty connections to flush first: answers, and events of small channels.
    prompt: VecDeque<usize>,
    /// Dirty connections of large fan-outs.
    bulk: VecDeque<usize>,
    holdup: Holdup,
    wheel: Wheel,
    trim: Trim,
    timing: Timing,
    /// Connections looked at every second: their socket is full, they are being closed, or they keep the room of a burst.
    watched: Vec<Entry>,
    /// Bytes of frames that came in since what waits was weighed.
    taken: usize,
    decoder: Decoder,
    incoming: Vec<Incoming>,
    /// Set when the worker ends: how long its clients get to hang up.
    stopping: Option<Duration>,
    /// Set when the worker is to stand still.
    halt: Option<Halt>,
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
            newcomers: VecDeque::new(),
            socket_ids: SocketIds::default(),
            prompt: VecDeque::new(),
            bulk: VecDeque::new(),
            holdup: Holdup::new(),
            wheel: Wheel::new(),
            trim: Trim::default(),
            timing: Timing::default(),
            watched: Vec::new(),
            taken: 0,
            decoder: Decoder::new(MAX_CLIENT_MESSAGE),
            incoming: Vec::new(),
            stopping: None,
            halt: None,
        };
        let read_buffer = RefCell::new(vec![0; READ_BUFFER].into());
        let turn_bytes = delivery::TURN_BYTES.min(flushing::SLOW_EVENTS * settings.max_event_bytes).max(1);
        let beat = hub.health.pulse.of(format!("canyon-worker-{index}"));
        Rc::new(Self {
            index,
            hub,
            settings,
            mailbox,
            serve,
            turn_bytes,
            read_buffer,
            talks: RefCell::default(),
            beat,
            state: RefCell::new(state),
        })
    }

    /// Runs on the calling thread until [`Letter::Stop`] comes, or another process goes on in its place. It may begin where
    /// another server left off.
    pub(crate) fn run(self: &Rc<Self>, runtime: &Runtime, inheritance: Option<Inheritance>) {
        self.hub.watch_this_thread(self.index);
        LocalSet::new().block_on(runtime, async {
            let inherited = inheritance.map(|inheritance| self.inherit(inheritance));
            if inherited != Some(Standstill::ForGood) {
                self.turns().await;
            }
        });
    }

    async fn turns(self: &Rc<Self>) {
        let mut clock = tokio::time::interval(Duration::from_secs(1));
        loop {
            let pause_end = self.state.borrow().next_pause_end();
            tokio::select! {
                () = self.mailbox.rung() => {}
                () = pause(pause_end) => {}
                _ = clock.tick() => self.tick(),
            }
            self.state.borrow_mut().timing.wake_up();
            while self.turn() {
                yield_now().await;
            }
            let halt = self.state.borrow_mut().halt.take();
            if let Some(halt) = halt
                && self.stand_still(&halt).await == Standstill::ForGood
            {
                return;
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
        fault::at("worker ticks");
        let mut state = self.state.borrow_mut();
        for entry in state.wheel.tick() {
            state.check_alive(entry, &self.hub.metrics);
        }
        self.check_watched(&mut state);
        self.check_ceiling(&mut state);
        let now = state.wheel.now();
        if state.trim.tick(now) {
            state.connections.give_back();
            trim::give_back();
        }
    }

    /// One turn; whether there is more to do.
    fn turn(self: &Rc<Self>) -> bool {
        self.beat.beat();
        let mut state = self.state.borrow_mut();
        self.answer_surveys(&state);
        state.check_holdup();
        self.take_letters(&mut state);
        if self.settle(&mut state) {
            self.take_letters(&mut state);
        }
        let newcomers = state.take_newcomers();
        drop(state);
        newcomers.into_iter().for_each(|socket| (self.serve)(self, socket, &[]));
        let mut state = self.state.borrow_mut();
        self.flush_slice(&mut state);
        let is_flushed = !state.is_dirty();
        state.timing.end_turn(is_flushed, &self.hub.metrics);
        state.has_work() || (self.takes_letters(&state) && !self.mailbox.is_empty())
    }

    /// Does what the letters say, in order, until the inbox is empty, or enough is done for once.
    fn take_letters(self: &Rc<Self>, state: &mut State) {
        let (mut deliveries, mut bytes) = (delivery::TURN_BUDGET, self.turn_bytes);
        let (mut delivered, mut delivered_bytes) = (0, 0);
        while deliveries > 0
            && bytes > 0
            && self.takes_letters(state)
            && let Some(letter) = self.mailbox.take()
        {
            deliveries -= 1;
            let frame_bytes = letter.frame_bytes();
            bytes = bytes.saturating_sub(frame_bytes);
            state.taken += frame_bytes;
            match letter {
                Letter::Deliver(delivery) => {
                    let (length, is_counted) = (delivery.frame.len(), delivery.is_counted);
                    let count = state.deliver(delivery);
                    deliveries = deliveries.saturating_sub(count);
                    let counted = if is_counted { count } else { 0 };
                    delivered += counted;
                    delivered_bytes += counted * length;
                }
                Letter::Admit(admission) => deliveries = deliveries.saturating_sub(state.admit(&admission)),
                Letter::Settle { app, channel } => state.unsettled.add(app, channel),
                Letter::Send { slot, socket_id, frame } => state.send(slot, socket_id, frame),
                Letter::Close { slot, socket_id, close } => state.terminate(slot, socket_id, &close),
                Letter::Adopt(socket) => state.newcomers.push_back(socket),
                Letter::Halt(halt) => state.halt = Some(halt),
                Letter::Follow { published } => state.timing.follow(published),
                Letter::Dismiss { over } => drop(spawn_local(Rc::clone(self).dismiss_over(over))),
                Letter::Stop { grace } => state.dismiss_all(grace),
            }
        }
        if state.taken > self.hub.ceiling.trifle() {
            self.check_ceiling(state);
        }
        if delivered > 0 {
            self.hub.metrics.deliveries.add(delivered as u64);
            self.hub.metrics.delivered_bytes.add(delivered_bytes as u64);
        }
    }

    /// Whether letters need not wait for anybody now. A worker that is to stop waits for nobody.
    fn takes_letters(&self, state: &State) -> bool {
        !state.holdup.is_on() || self.mailbox.is_stopping()
    }

    /// Ends a connection and tells the channels that it was on.
    fn remove(&self, state: &mut State, slot: usize) {
        self.forget(state, slot).abort();
    }

    /// Takes a connection off the books and tells the channels that it was on.
    fn forget(&self, state: &mut State, slot: usize) -> Rc<Stream> {
        let Connection { mut session, stream, is_resuming, mut pace, .. } = state.connections.remove(slot);
        state.holdup.catch_up(&mut pace);
        state.slots.remove(&session.socket_id);
        state.slots.give_back();
        state.trim.note_end();
        view::disconnected(&session.app.config.id, session.socket_id);
        for (channel, place) in session.leave_all(&self.hub, self.index, slot) {
            state.leave(session.app.index, &channel, place);
        }
        // The client may come back as soon as it sees the end: its place must be free by then.
        drop(session);
        if is_resuming {
            // The task that waits for the socket would keep it open.
            stream.abort();
        }
        stream
    }
}

impl State {
    /// When something is due that does not come from outside.
    fn next_pause_end(&self) -> Option<Instant> {
        [self.unsettled.next(), self.holdup.end()].into_iter().flatten().min()
    }

    /// Those whose turn it is.
    fn take_newcomers(&mut self) -> Vec<Socket> {
        let count = self.newcomers.len().min(NEWCOMERS);
        self.newcomers.drain(..count).collect()
    }

    /// Whether there is something to do that does not stand in the inbox.
    fn has_work(&self) -> bool {
        self.is_dirty() || !self.newcomers.is_empty()
    }

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
