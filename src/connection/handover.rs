//! A connection as plain data, for the server that takes it over, and back.

use super::session::{Rate, Subscription};
use super::{Connection, Outbox, Session, Stream};
use crate::address::Address;
use crate::handover::state::{ConnectionState, SubscriptionState, UserState};
use crate::hub::Quota;
use crate::protocol::reader::{Decoder, FrameReader};
use crate::protocol::{SocketId, User};
use bytes::Bytes;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What was told of a connection cannot be.
#[derive(Debug)]
pub(crate) struct Impossible(pub(crate) &'static str);

impl Connection {
    /// Everything that the client would miss. `now` is the tick of its worker.
    pub(crate) fn state(&self, now: u32) -> ConnectionState {
        let ago = |tick: u32| now.saturating_sub(tick);
        let session = &self.session;
        let (outbox, sent) = self.outbox.state();
        let subscriptions = session.subscriptions.iter().map(|(name, subscription)| SubscriptionState {
            channel: name.to_string(),
            user_id: subscription.user_id.as_deref().map(str::to_owned),
        });
        let user = session.user.as_ref().map(|user| UserState {
            id: user.id.to_string(),
            info: user.info.to_string(),
            watchlist: user.watchlist.iter().map(ToString::to_string).collect(),
        });
        let whispers =
            session.whispers.second.map(|second| (millis(second.elapsed()), session.whispers.count));
        ConnectionState {
            app: session.app.config.id.clone(),
            address: session.app.address().map(Address::number),
            is_unix: self.stream.is_unix(),
            socket_id: session.socket_id.to_string(),
            subscriptions: subscriptions.collect(),
            user,
            is_authorized: session.is_authorized,
            whispers,
            outbox,
            sent,
            unfinished: Bytes::copy_from_slice(self.reader.unfinished()),
            is_over: self.reader.is_over(),
            has_said_goodbye: self.has_said_goodbye,
            since: ago(self.since),
            heard: ago(self.heard),
            pinged: self.pinged.map(ago),
            stalled_ms: self.stalled.map(|since| millis(since.elapsed())),
            closing: self.closing.map(ago),
        }
    }

    /// Makes the connection of what another server told of it. It is on no channel yet as far as others know.
    pub(crate) fn restore(
        state: &ConnectionState,
        quota: Quota,
        stream: Rc<Stream>,
        now: u32,
        decoder: &mut Decoder,
    ) -> Result<Self, Impossible> {
        let at = |ago: u32| now.saturating_sub(ago);
        let socket_id: SocketId = state.socket_id.parse().map_err(|_| Impossible("a socket id"))?;
        let mut reader = if state.is_over { FrameReader::over() } else { FrameReader::default() };
        let mut incoming = Vec::new();
        reader.feed(&state.unfinished, decoder, &mut incoming);
        if !incoming.is_empty() {
            return Err(Impossible("a message that is not complete"));
        }
        let mut connection = Self::new(quota, socket_id, stream, now);
        connection.outbox =
            Outbox::restore(state.outbox.clone(), state.sent).ok_or(Impossible("an outbox"))?;
        connection.reader = reader;
        connection.has_said_goodbye = state.has_said_goodbye;
        connection.since = at(state.since);
        connection.heard = at(state.heard);
        connection.pinged = state.pinged.map(at);
        connection.stalled =
            state.stalled_ms.and_then(|ago| Instant::now().checked_sub(Duration::from_millis(ago)));
        connection.closing = state.closing.map(at);
        connection.session.restore(state);
        Ok(connection)
    }
}

impl Session {
    fn restore(&mut self, state: &ConnectionState) {
        self.is_authorized = state.is_authorized;
        self.user = state.user.as_ref().map(|user| {
            Box::new(User {
                id: user.id.as_str().into(),
                info: user.info.as_str().into(),
                watchlist: user.watchlist.iter().map(|id| id.as_str().into()).collect(),
                is_watchlist_cut: false,
            })
        });
        self.whispers = state.whispers.map_or_else(Rate::default, |(ago_ms, count)| Rate {
            second: Instant::now().checked_sub(Duration::from_millis(ago_ms)),
            count,
        });
    }

    /// Notes a subscription that another server has admitted.
    pub(crate) fn resubscribe(&mut self, channel: Arc<str>, user_id: Option<&str>, place: usize) {
        let subscription =
            Subscription { place: Some(place), serial: self.subscribed, user_id: user_id.map(Into::into) };
        self.subscriptions.insert(channel, subscription);
        self.subscribed = self.subscribed.wrapping_add(1);
    }

    /// Whom it is signed in as.
    pub(crate) fn user(&self) -> Option<&User> {
        self.user.as_deref()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
