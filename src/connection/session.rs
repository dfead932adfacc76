//! What one client may do and has done: the protocol's state, without its socket.

use super::Outbox;
use crate::config::{ClientEvents, LifeKind};
use crate::hub::life::LifeEvent;
use crate::hub::{Hub, Overloaded, PresenceFull, Quota, Subscriber};
use crate::limits::Who;
use crate::metrics::Limit;
use crate::protocol::client_message::{Signin, Subscribe, Unsubscribe};
use crate::protocol::user::MAX_WATCHED;
use crate::protocol::{ChannelKind, ClientMessage, Close, ErrorReply, Member, SocketId, User};
use crate::protocol::{channel, frame, signature};
use crate::spare::Spare;
use crate::view;
use crate::watch::{Refused, is_hidden};
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Largest `data` of a client event. (The hosted number is not known; this is that of its HTTP API.)
const MAX_CLIENT_EVENT_BYTES: usize = 10_240;

/// Longest event name, in characters, that the server libraries of the hosted service send.
const MAX_EVENT_NAME_LENGTH: usize = 200;

/// See the module.
#[derive(Debug)]
pub(crate) struct Session {
    /// Its app, and its place among those who are connected.
    pub(crate) app: Quota,
    pub(crate) socket_id: SocketId,
    pub(crate) subscriptions: HashMap<Arc<str>, Subscription, foldhash::fast::RandomState>,
    pub(super) user: Option<Box<User>>,
    /// Whether it signed in or was let on a guarded channel, once.
    pub(super) is_authorized: bool,
    pub(super) whispers: Rate,
    /// Subscriptions so far.
    pub(super) subscribed: u32,
}

/// Events in the present second.
#[derive(Debug, Default)]
pub(super) struct Rate {
    pub(super) second: Option<Instant>,
    pub(super) count: u32,
}

/// One subscription of one client.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// Where the worker's list of the channel has this connection; set when the subscription is admitted.
    pub(crate) place: Option<usize>,
    /// Which of the connection's subscriptions it is.
    pub(crate) serial: u32,
    /// The member that this connection is on a presence channel.
    pub(crate) user_id: Option<Arc<str>>,
}

/// What the worker has to do after a message.
#[derive(Debug)]
pub(crate) enum Reaction {
    Nothing,
    /// Its admission is in the worker's own inbox.
    Posted,
    /// The connection is to be taken off the channel's list.
    Unsubscribed {
        channel: Arc<str>,
        place: usize,
    },
}

impl Session {
    pub(crate) fn new(app: Quota, socket_id: SocketId) -> Self {
        Self {
            app,
            socket_id,
            subscriptions: HashMap::default(),
            user: None,
            is_authorized: false,
            whispers: Rate::default(),
            subscribed: 0,
        }
    }

    /// Who this is, for the log.
    pub(crate) fn who(&self) -> Who<'_> {
        Who { address: self.app.address(), app: Some(&self.app.config.id), socket_id: Some(self.socket_id) }
    }

    /// Whether the client proved that the application knows it: by signing in, or by a guarded channel.
    pub(crate) fn is_authorized(&self) -> bool {
        self.is_authorized
    }

    /// Does what a text message asks for. Answers go into `outbox`; a refusal never closes the connection.
    pub(crate) fn receive(
        &mut self,
        text: &str,
        hub: &Hub,
        (worker, slot): (usize, usize),
        outbox: &mut Outbox,
    ) -> Reaction {
        let subscriber = Subscriber { worker, slot, socket_id: self.socket_id, serial: self.subscribed };
        let message = ClientMessage::parse(text);
        let asked = match &message {
            Ok(ClientMessage::Subscribe(_)) => "subscription",
            Ok(ClientMessage::Signin(_)) => "signin",
            Ok(ClientMessage::ClientEvent { .. }) => "client_event",
            _ => "message",
        };
        let done = match message {
            Ok(ClientMessage::Ping) => {
                outbox.push(frame::pong());
                Ok(Reaction::Nothing)
            }
            Ok(ClientMessage::Pong) => Ok(Reaction::Nothing),
            Ok(ClientMessage::Subscribe(subscribe)) => self.subscribe(&subscribe, hub, subscriber),
            Ok(ClientMessage::Unsubscribe(unsubscribe)) => self.unsubscribe(&unsubscribe, hub, subscriber),
            Ok(ClientMessage::Signin(signin)) => self.sign_in(&signin, hub, subscriber, outbox),
            Ok(ClientMessage::ClientEvent { event, channel, data }) => match (channel, data) {
                (Some(channel), Some(data)) => self.relay(&event, &channel, data, hub),
                _ => Err(ErrorReply::client_event_incomplete()),
            },
            Ok(ClientMessage::Unsupported(event)) => Err(ErrorReply::unsupported_event(&event)),
            Err(why) => Err(ErrorReply::malformed(&why)),
        };
        done.unwrap_or_else(|reply| {
            view::replied(self.socket_id, &reply);
            self.note_refusal(&reply, asked, hub);
            frame::error_reply(&reply).for_each(|frame| outbox.push(frame));
            Reaction::Nothing
        })
    }

    /// Keeps a refusal for those who look.
    pub(crate) fn note_refusal(&self, reply: &ErrorReply, what: &'static str, hub: &Hub) {
        let channel = reply.refused_channel.as_deref();
        let refused = Refused { what, code: reply.code, channel, socket_id: Some(self.socket_id) };
        hub.note_refusal(&self.app, refused, reply.redacted.as_ref().unwrap_or(&reply.message));
    }

    /// Keeps for those who look that the server hangs up on the client; `detail` is added to what the client is told.
    pub(crate) fn note_closing(&self, what: &'static str, close: &Close, detail: impl Display) {
        let (code, socket_id) = (Some(close.code), Some(self.socket_id));
        let closing = Refused { what, code, channel: None, socket_id };
        self.app.note_trouble(closing, format_args!("{}{detail}", close.reason), 1);
    }

    /// Leaves every channel and signs out, as a departing client does; the places it had.
    pub(crate) fn leave_all(&mut self, hub: &Hub, worker: usize, slot: usize) -> Vec<(Arc<str>, usize)> {
        let subscriber = Subscriber { worker, slot, socket_id: self.socket_id, serial: self.subscribed };
        let leave = |(name, subscription): (Arc<str>, Subscription)| {
            hub.unsubscribe(&self.app, &name, subscriber, subscription.user_id.as_deref());
            subscription.place.map(|place| (name, place))
        };
        let places = std::mem::take(&mut self.subscriptions).into_iter().filter_map(leave).collect();
        if let Some(user) = self.user.take() {
            hub.sign_out(&self.app, subscriber, &user);
        }
        places
    }

    fn subscribe(
        &mut self,
        subscribe: &Subscribe,
        hub: &Hub,
        subscriber: Subscriber,
    ) -> Result<Reaction, ErrorReply> {
        let name = subscribe.channel.as_str();
        channel::validate(name.as_bytes(), self.app.config.max_channel_name_length)
            .map_err(|why| ErrorReply::invalid_channel(name, why))?;
        if self.subscriptions.contains_key(name) {
            return Err(ErrorReply::already_subscribed(name));
        }
        let limit = self.app.config.max_subscriptions_per_connection;
        if limit > 0 && self.subscriptions.len() >= limit {
            hub.limits.met(
                Limit::MaxSubscriptionsPerConnection,
                self.who(),
                format_args!("refused a subscription: a connection may have {limit}"),
            );
            return Err(ErrorReply::too_many_subscriptions(name, limit));
        }
        let kind = ChannelKind::of(name);
        if kind.is_guarded() {
            self.verify(subscribe)?;
        }
        let member = match kind {
            ChannelKind::Presence => Some(self.member(name, subscribe.channel_data.as_deref())?),
            ChannelKind::User if self.is_user_of(name) => None,
            ChannelKind::User => return Err(ErrorReply::not_signed_in(name)),
            ChannelKind::Public | ChannelKind::Private => None,
        };
        let shared = hub
            .subscribe(&self.app, name, subscriber, member.as_ref())
            .map_err(|PresenceFull| ErrorReply::presence_full(name, self.app.config.max_presence_members))?;
        let user_id = member.map(|member| member.user_id);
        let serial = subscriber.serial;
        self.subscriptions.insert(shared, Subscription { place: None, serial, user_id });
        self.subscribed = serial.wrapping_add(1);
        self.is_authorized |= kind.is_guarded();
        view::did(self.socket_id, "subscribed to", name);
        // On a presence channel the admission comes when the channel is settled.
        Ok(if kind == ChannelKind::Presence { Reaction::Nothing } else { Reaction::Posted })
    }

    /// The member that a presence subscription makes of this connection: the one of `channel_data`, else the user it is
    /// signed in as.
    fn member(&self, channel: &str, channel_data: Option<&str>) -> Result<Member, ErrorReply> {
        let member = match (channel_data, &self.user) {
            (None, Some(user)) => Member { user_id: Arc::clone(&user.id), user_info: Arc::clone(&user.info) },
            (None, None) => {
                let why = "a presence subscription needs channel_data, or a connection that is signed in";
                return Err(ErrorReply::invalid_presence_data(channel, why));
            }
            (Some(data), _) => Member::from_channel_data(data)
                .map_err(|why| ErrorReply::invalid_presence_data(channel, &why))?,
        };
        let limit = self.app.config.max_presence_bytes;
        if member.user_info.len() > limit {
            let why = format!("user_info is larger than {limit} bytes");
            return Err(ErrorReply::invalid_presence_data(channel, &why));
        }
        Ok(member)
    }

    fn is_user_of(&self, channel: &str) -> bool {
        self.user.as_ref().is_some_and(|user| channel::user_of(channel) == Some(&*user.id))
    }

    /// Signs the connection in. A second time is fine as the same user, as pusher-js may do it.
    fn sign_in(
        &mut self,
        signin: &Signin,
        hub: &Hub,
        subscriber: Subscriber,
        outbox: &mut Outbox,
    ) -> Result<Reaction, ErrorReply> {
        let app = &self.app.config;
        if !app.user_authentication {
            return Err(ErrorReply::user_authentication_off());
        }
        let socket_id = self.socket_id.to_string();
        signature::verify_user((&app.key, app.secret.reveal()), &signin.auth, &socket_id, &signin.user_data)
            .map_err(|why| ErrorReply::signin_refused(&why))?;
        let user =
            User::from_user_data(&signin.user_data).map_err(|why| ErrorReply::invalid_user_data(&why))?;
        if self.user.as_ref().is_some_and(|known| known.id != user.id) {
            return Err(ErrorReply::signed_in_as_another());
        }
        outbox.push(frame::signin_success(&signin.user_data));
        self.is_authorized = true;
        if self.user.is_some() {
            return Ok(Reaction::Nothing);
        }
        if app.watchlist && user.is_watchlist_cut {
            let cut = ErrorReply::watchlist_cut(MAX_WATCHED);
            frame::error_reply(&cut).for_each(|frame| outbox.push(frame));
        }
        hub.sign_in(&self.app, subscriber, &user);
        view::did(self.socket_id, "signed in as", &user.id);
        self.user = Some(Box::new(user));
        Ok(Reaction::Nothing)
    }

    fn verify(&self, subscribe: &Subscribe) -> Result<(), ErrorReply> {
        let app = &self.app.config;
        signature::verify_subscription(
            (&app.key, app.secret.reveal()),
            subscribe.auth.as_deref().unwrap_or_default(),
            &self.socket_id.to_string(),
            &subscribe.channel,
            subscribe.channel_data.as_deref(),
        )
        .map_err(|why| ErrorReply::auth_refused(&subscribe.channel, &why))
    }

    fn unsubscribe(
        &mut self,
        unsubscribe: &Unsubscribe,
        hub: &Hub,
        subscriber: Subscriber,
    ) -> Result<Reaction, ErrorReply> {
        let name = unsubscribe.channel.as_str();
        let (channel, subscription) =
            self.subscriptions.remove_entry(name).ok_or_else(|| ErrorReply::not_subscribed(name))?;
        self.subscriptions.give_back();
        hub.unsubscribe(&self.app, name, subscriber, subscription.user_id.as_deref());
        view::did(self.socket_id, "unsubscribed from", name);
        Ok(match subscription.place {
            Some(place) => Reaction::Unsubscribed { channel, place },
            None => Reaction::Nothing,
        })
    }

    /// Passes a client event on to the other subscribers of its channel.
    fn relay(&mut self, event: &str, name: &str, data: &RawValue, hub: &Hub) -> Result<Reaction, ErrorReply> {
        if self.app.config.client_events == ClientEvents::Off {
            return Err(ErrorReply::client_events_off());
        }
        if is_hidden(name) {
            return Err(ErrorReply::client_event_on_hidden_channel(name));
        }
        if !ChannelKind::of(name).is_guarded() {
            return Err(ErrorReply::client_event_on_public_channel(name));
        }
        let subscription =
            self.subscriptions.get(name).ok_or_else(|| ErrorReply::client_event_elsewhere(name))?;
        let limit = MAX_CLIENT_EVENT_BYTES.min(self.app.config.max_event_bytes);
        if data.get().len() > limit {
            return Err(ErrorReply::client_event_too_large(limit));
        }
        if event.chars().count() > MAX_EVENT_NAME_LENGTH {
            return Err(ErrorReply::client_event_name_too_long(MAX_EVENT_NAME_LENGTH));
        }
        let rate = self.app.config.client_event_rate;
        if rate > 0 && self.whispers.count(Instant::now()) > rate {
            hub.limits.met(
                Limit::ClientEventRate,
                self.who(),
                format_args!("dropped a client event: a connection may send {rate} in a second"),
            );
            return Err(ErrorReply::client_event_rate(rate));
        }
        view::event(self.socket_id, event, name, data.get());
        let user_id = subscription.user_id.as_deref();
        let relayed = frame::client_event(event, name, data, user_id);
        let tell = || LifeEvent {
            user_id: user_id.map(str::to_owned),
            event: Some(event.to_owned()),
            data: Some(data.get().to_owned()),
            socket_id: Some(self.socket_id.to_string()),
            ..LifeEvent::new(LifeKind::ClientEvent, &self.app, name)
        };
        hub.publish_client_event(&self.app, name, self.socket_id, &relayed, tell)
            .map(|()| Reaction::Nothing)
            .map_err(|Overloaded| ErrorReply::overloaded())
    }
}

impl Rate {
    /// Counts an event; how many there were in the second that the first of them began.
    fn count(&mut self, now: Instant) -> u32 {
        match self.second {
            Some(second) if now.duration_since(second) < Duration::from_secs(1) => self.count += 1,
            _ => (self.second, self.count) = (Some(now), 1),
        }
        self.count
    }
}
