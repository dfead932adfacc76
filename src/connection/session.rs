//! What one client may do and has done: the protocol's state, without its socket.

use super::Outbox;
use crate::config::{ClientEvents, LifeKind};
use crate::hub::life::LifeEvent;
use crate::hub::{App, Hub, Overloaded, Subscriber};
use crate::protocol::client_message::{Subscribe, Unsubscribe};
use crate::protocol::{ChannelKind, ClientMessage, ErrorReply, Member, SocketId, channel, frame, signature};
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::sync::Arc;

/// Largest `data` of a client event. (The hosted number is not known; this is that of its HTTP API.)
const MAX_CLIENT_EVENT_BYTES: usize = 10_240;

/// Longest event name, in bytes, that the server libraries of the hosted service send.
const MAX_EVENT_NAME_LENGTH: usize = 200;

/// See the module.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) app: Arc<App>,
    pub(crate) socket_id: SocketId,
    pub(crate) subscriptions: HashMap<Arc<str>, Subscription, foldhash::fast::RandomState>,
}

/// One subscription of one client.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// Where the worker's list of the channel has this connection; set when the subscription is admitted.
    pub(crate) place: Option<Place>,
    /// The member that this connection is on a presence channel.
    pub(crate) user_id: Option<Arc<str>>,
}

/// A position in a worker's list of a channel's subscribers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) channel: usize,
    pub(crate) position: usize,
}

/// What the worker has to do after a message.
#[derive(Debug)]
pub(crate) enum Reaction {
    Nothing,
    /// An admission is in the worker's own inbox: it counts before the client's next message.
    Subscribed,
    /// The connection is to be taken off a list.
    Unsubscribed(Place),
}

impl Session {
    pub(crate) fn new(app: &Arc<App>, socket_id: SocketId) -> Self {
        Self { app: Arc::clone(app), socket_id, subscriptions: HashMap::default() }
    }

    /// Does what a text message asks for. Answers go into `outbox`; a refusal never closes the connection.
    pub(crate) fn receive(
        &mut self,
        text: &str,
        hub: &Hub,
        (worker, slot): (usize, usize),
        outbox: &mut Outbox,
    ) -> Reaction {
        let done = match ClientMessage::parse(text) {
            Ok(ClientMessage::Ping) => {
                outbox.push(frame::pong());
                Ok(Reaction::Nothing)
            }
            Ok(ClientMessage::Pong) => Ok(Reaction::Nothing),
            Ok(ClientMessage::Subscribe(subscribe)) => {
                let subscriber = Subscriber { worker, slot, socket_id: self.socket_id };
                self.subscribe(&subscribe, hub, subscriber)
            }
            Ok(ClientMessage::Unsubscribe(unsubscribe)) => self.unsubscribe(&unsubscribe, hub, worker),
            Ok(ClientMessage::ClientEvent { event, channel, data }) => match (channel, data) {
                (Some(channel), Some(data)) => self.relay(&event, &channel, data, hub),
                _ => Err(ErrorReply::client_event_incomplete()),
            },
            Ok(ClientMessage::Signin(_)) => Err(ErrorReply::unsupported_event("pusher:signin")),
            Ok(ClientMessage::Unsupported(event)) => Err(ErrorReply::unsupported_event(&event)),
            Err(why) => Err(ErrorReply::malformed(&why)),
        };
        done.unwrap_or_else(|reply| {
            frame::error_reply(&reply).for_each(|frame| outbox.push(frame));
            Reaction::Nothing
        })
    }

    /// Leaves every channel, as a departing client does; the places it had.
    pub(crate) fn leave_all(&mut self, hub: &Hub, worker: usize) -> Vec<Place> {
        let leave = |(name, subscription): (Arc<str>, Subscription)| {
            hub.unsubscribe(&self.app, &name, worker, subscription.user_id.as_deref());
            subscription.place
        };
        std::mem::take(&mut self.subscriptions).into_iter().filter_map(leave).collect()
    }

    fn subscribe(
        &mut self,
        subscribe: &Subscribe,
        hub: &Hub,
        subscriber: Subscriber,
    ) -> Result<Reaction, ErrorReply> {
        let name = subscribe.channel.as_str();
        channel::validate(name, channel::MAX_NAME_LENGTH)
            .map_err(|why| ErrorReply::invalid_channel(name, why))?;
        if self.subscriptions.contains_key(name) {
            return Err(ErrorReply::already_subscribed(name));
        }
        let kind = ChannelKind::of(name);
        if kind.is_guarded() {
            self.verify(subscribe)?;
        }
        let member = match kind {
            ChannelKind::Presence => {
                let data = subscribe.channel_data.as_deref().unwrap_or_default();
                let member = Member::from_channel_data(data)
                    .map_err(|why| ErrorReply::invalid_presence_data(name, &why))?;
                Some(member)
            }
            // Nobody can sign in yet, so nobody is the user of such a channel.
            ChannelKind::User => return Err(ErrorReply::not_signed_in(name)),
            ChannelKind::Public | ChannelKind::Private => None,
        };
        let user_id = member.as_ref().map(|member| Arc::clone(&member.user_id));
        self.subscriptions.insert(name.into(), Subscription { place: None, user_id });
        hub.subscribe(&self.app, name, subscriber, member);
        Ok(Reaction::Subscribed)
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
        worker: usize,
    ) -> Result<Reaction, ErrorReply> {
        let name = unsubscribe.channel.as_str();
        let subscription = self.subscriptions.remove(name).ok_or_else(|| ErrorReply::not_subscribed(name))?;
        hub.unsubscribe(&self.app, name, worker, subscription.user_id.as_deref());
        Ok(subscription.place.map_or(Reaction::Nothing, Reaction::Unsubscribed))
    }

    /// Passes a client event on to the other subscribers of its channel.
    fn relay(&self, event: &str, name: &str, data: &RawValue, hub: &Hub) -> Result<Reaction, ErrorReply> {
        if self.app.config.client_events == ClientEvents::Off {
            return Err(ErrorReply::client_events_off());
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
        if event.len() > MAX_EVENT_NAME_LENGTH {
            return Err(ErrorReply::client_event_name_too_long(MAX_EVENT_NAME_LENGTH));
        }
        let user_id = subscription.user_id.as_deref();
        let relayed = frame::client_event(event, name, data, user_id);
        let tell = || LifeEvent {
            user_id: user_id.map(str::to_owned),
            event: Some(event.to_owned()),
            data: Some(data.get().to_owned()),
            socket_id: Some(self.socket_id.to_string()),
            ..LifeEvent::new(LifeKind::ClientEvent, &self.app, name)
        };
        hub.publish_client_event(&self.app, name, self.socket_id, relayed, tell)
            .map(|()| Reaction::Nothing)
            .map_err(|Overloaded| ErrorReply::overloaded())
    }
}
