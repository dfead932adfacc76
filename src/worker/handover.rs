//! A worker that stands still, tells another process what it has, and goes on or not; and one that begins so.

use super::{FAREWELL, State, Worker};
use crate::address::Address;
use crate::connection::{Connection, Stream, Talk};
use crate::fork_guard::ForkGuard;
use crate::handover::BATCH;
use crate::handover::halt::{Halt, Order, Report};
use crate::handover::state::{ConnectionState, Message, RequestState, Totals};
use crate::handover::wire::Wire;
use crate::hub::{Socket, Subscriber};
use crate::protocol::Close;
use crate::worker::wheel::Entry;
use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::task::{spawn_local, yield_now};

/// How long sockets on their way from one task to another are waited for; they take a step or two.
const PASSAGE_TIME: Duration = Duration::from_millis(500);

/// What a worker takes over from another server.
#[derive(Debug)]
pub(crate) struct Inheritance {
    pub(crate) connections: Vec<(ConnectionState, OwnedFd)>,
    pub(crate) requests: Vec<(RequestState, OwnedFd)>,
    /// Where it says that it has everything, and waits until it may begin.
    pub(crate) halt: Halt,
}

/// Connections that are no clients yet.
#[derive(Debug, Default)]
pub(super) struct Talks {
    talks: Vec<Weak<Talk>>,
    /// Sockets that are known to nobody at the moment, because they are on their way to another task.
    in_passage: Rc<Cell<usize>>,
}

/// A socket on its way from one task to another.
#[derive(Debug)]
pub(crate) struct Passage(Rc<Cell<usize>>);

impl Drop for Passage {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// How a standstill ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standstill {
    /// The worker goes on.
    ForNow,
    /// Another process goes on in its place.
    ForGood,
}

impl Worker {
    /// Lets the worker know of a connection that is no client yet.
    pub(crate) fn note(&self, talk: &Arc<Talk>) {
        let talks = &mut self.talks.borrow_mut().talks;
        if talks.len() == talks.capacity() {
            // Half of them at least will have ended by the next time.
            talks.retain(|talk| talk.strong_count() > 0);
            talks.reserve(talks.len());
        }
        talks.push(Arc::downgrade(talk));
    }

    pub(crate) fn passage(&self) -> Passage {
        let in_passage = Rc::clone(&self.talks.borrow().in_passage);
        in_passage.set(in_passage.get() + 1);
        Passage(in_passage)
    }

    /// Stands still until told otherwise.
    pub(super) async fn stand_still(self: &Rc<Self>, halt: &Halt) -> Standstill {
        let until = Instant::now() + PASSAGE_TIME;
        while self.talks.borrow().in_passage.get() > 0 && Instant::now() < until {
            yield_now().await;
        }
        // No `await` from here on: no task of this thread takes a step.
        halt.report(Report::Still);
        loop {
            match halt.wait() {
                Some(Order::Tell(mut wire)) => {
                    let told = self.tell(&mut wire);
                    halt.report(Report::Told(wire, told));
                }
                Some(Order::Leave) => {
                    self.dismiss_encrypted();
                    return Standstill::ForGood;
                }
                Some(Order::Resume) | None => {
                    self.mailbox.resume();
                    return Standstill::ForNow;
                }
            }
        }
    }

    /// Tells of every connection. What lies in the inbox counts before.
    fn tell(self: &Rc<Self>, wire: &mut Wire) -> io::Result<Totals> {
        let mut state = self.state.borrow_mut();
        // Nothing is held up for those who are behind: it is all told.
        while !self.mailbox.is_empty() {
            self.take_letters(&mut state);
        }
        let mut totals = Totals::default();
        let now = state.wheel.now();
        let connections = state.connections.iter().map(|(_, connection)| connection);
        let (encrypted, connections): (Vec<&Connection>, Vec<&Connection>) =
            connections.partition(|connection| connection.stream.is_encrypted());
        totals.drained = encrypted.len();
        for batch in connections.chunks(BATCH) {
            let states = batch.iter().map(|connection| connection.state(now)).collect();
            let descriptors: Vec<_> = batch.iter().map(|connection| connection.stream.as_fd()).collect();
            wire.send(&Message::Connections(states), &descriptors)?;
            totals.connections += batch.len();
        }
        let talks: Vec<Arc<Talk>> = self.talks.borrow().talks.iter().filter_map(Weak::upgrade).collect();
        let states: Vec<(RequestState, &Arc<Talk>)> =
            talks.iter().filter_map(|talk| talk.state().map(|state| (state, talk))).collect();
        totals.left_behind = talks.len() - states.len();
        totals.requests = states.len();
        let mut states = states.into_iter().peekable();
        while states.peek().is_some() {
            let (batch, talks): (Vec<RequestState>, Vec<&Arc<Talk>>) = states.by_ref().take(BATCH).unzip();
            let streams: Vec<_> = talks.iter().map(|talk| talk.stream.lock()).collect();
            let descriptors: Vec<_> = streams.iter().map(|stream| stream.as_fd()).collect();
            wire.send(&Message::Requests(batch), &descriptors)?;
        }
        Ok(totals)
    }

    /// Closes the clients that no other process can go on with. The worker takes no step any more, and need not: what
    /// fits their sockets now is what they get.
    fn dismiss_encrypted(&self) {
        let mut state = self.state.borrow_mut();
        let now = state.wheel.now();
        let encrypted = state.connections.iter_mut().map(|(_, connection)| connection);
        let mut is_any = false;
        for connection in encrypted.filter(|connection| connection.stream.is_encrypted()) {
            is_any = true;
            connection.close(&Close::GOING_AWAY, now);
            let stream = &connection.stream;
            let flushed = connection.outbox.flush(|slices| stream.try_write(slices));
            stream.settled(flushed);
            stream.end();
        }
        if is_any {
            // They should have read it before the socket is closed.
            std::thread::sleep(FAREWELL);
        }
    }

    /// Begins with what another server had; whether it may go on with it.
    pub(super) fn inherit(self: &Rc<Self>, inheritance: Inheritance) -> Standstill {
        let Inheritance { connections, requests, halt } = inheritance;
        let restored = self.restore_all(connections);
        halt.report(Report::Restored(restored));
        match halt.wait() {
            Some(Order::Resume) => {
                for (told, descriptor) in requests {
                    (self.serve)(self, socket(descriptor, told.is_unix), &told.unanswered);
                }
                self.mailbox.ring();
                Standstill::ForNow
            }
            _ => Standstill::ForGood,
        }
    }

    fn restore_all(self: &Rc<Self>, connections: Vec<(ConnectionState, OwnedFd)>) -> Result<(), String> {
        let mut state = self.state.borrow_mut();
        for (told, descriptor) in connections {
            self.restore(&mut state, &told, socket(descriptor, told.is_unix))?;
        }
        Ok(())
    }

    fn restore(
        self: &Rc<Self>,
        state: &mut State,
        told: &ConnectionState,
        socket: Socket,
    ) -> Result<(), String> {
        let unknown = || format!("there is no app {} here", told.app);
        let app = self.hub.app_by_id(&told.app).ok_or_else(unknown)?;
        let stream = Stream::register_plain(socket).map_err(|error| format!("a connection: {error}"))?;
        let stream = Rc::new(stream);
        let now = state.wheel.now();
        let quota = app.keep_connection(told.address.and_then(Address::from_number));
        let connection = Connection::restore(told, quota, Rc::clone(&stream), now, &mut state.decoder)
            .map_err(|what| format!("{} cannot be", what.0))?;
        let socket_id = connection.session.socket_id;
        let slot = state.connections.insert(connection);
        if state.slots.insert(socket_id, slot).is_some() {
            return Err(format!("two connections have the socket id {socket_id}"));
        }
        for subscription in &told.subscriptions {
            let user_id = subscription.user_id.as_deref();
            let name = self
                .hub
                .resubscribe(app, &subscription.channel, self.index, user_id)
                .map_err(|what| format!("{} cannot be", what.0))?;
            let place = state.subscribers.add(app.index, &name, slot);
            state.connections[slot].session.resubscribe(name, user_id, place);
        }
        let connection = &state.connections[slot];
        if let Some(user) = connection.session.user() {
            self.hub.sign_in_again(app, Subscriber { worker: self.index, slot, socket_id, serial: 0 }, user);
        }
        let is_watched = connection.closing.is_some() || connection.stalled.is_some();
        state.wheel.insert(connection.next_look(), Entry { slot, socket_id });
        if is_watched {
            state.watch(slot);
        }
        if !state.connections[slot].outbox.is_empty() {
            state.mark_prompt(slot);
        }
        spawn_local(Rc::clone(self).read(slot, socket_id, stream));
        Ok(())
    }
}

fn socket(descriptor: OwnedFd, is_unix: bool) -> Socket {
    if is_unix {
        Socket::Unix(ForkGuard::new(descriptor.into()))
    } else {
        Socket::Tcp(ForkGuard::new(descriptor.into()))
    }
}
