//! Who listens to what, on which worker.
//!
//! The hub holds the facts that concern a whole channel: which workers have subscribers, and who is present. It is
//! synchronous and does no I/O; a publish ends as one letter in the inbox of each worker concerned, and the worker
//! knows which of its own connections to give it to.
//!
//! Channels live in shards by the hash of their name. A shard's lock is held while a channel changes *and* while
//! inboxes are filled, which makes the order of events, joins and departures of a channel the same for every
//! subscriber. An [`Admission`](inbox::Letter::Admit) goes through the inbox for the same reason: a new subscriber
//! gets exactly the events that were published after it was counted, and no change that its roster shows already.

mod app;
mod channel;
mod inbox;
pub(crate) mod life;
mod observer;
mod presence;

pub(crate) use app::{App, Quota};
pub(crate) use inbox::{Admission, Delivery, Inbox, Letter, Mailbox, Socket};
pub(crate) use observer::{Observed, Observer};

use crate::config::{Config, LifeKind};
use crate::metrics::Metrics;
use crate::protocol::{ChannelKind, EncodedFrame, Member, SocketId, frame};
use channel::{Channel, Departure};
use life::LifeEvent;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

/// Shards per app: enough that two busy channels rarely share a lock, few enough to cost nothing when idle.
const SHARDS: usize = 64;

type Shard = HashMap<Arc<str>, Channel, foldhash::fast::RandomState>;

/// See the module.
pub(crate) struct Hub {
    apps: Vec<AppChannels>,
    inboxes: Vec<Inbox>,
    hasher: foldhash::fast::RandomState,
    observer: Option<Observer>,
    pub(crate) metrics: Arc<Metrics>,
}

struct AppChannels {
    app: Arc<App>,
    shards: Vec<Mutex<Shard>>,
}

/// Where a subscription lives: which connection, on which worker.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subscriber {
    pub(crate) worker: usize,
    pub(crate) slot: usize,
    pub(crate) socket_id: SocketId,
}

/// The server has no room for the event now: somebody must wait or be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overloaded;

impl Hub {
    pub(crate) fn new(
        config: &Config,
        inboxes: Vec<Inbox>,
        observer: Option<Observer>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let channels = |(index, app): (usize, &crate::config::AppConfig)| AppChannels {
            app: Arc::new(App::new(index, app.clone())),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
        };
        Self {
            apps: config.apps.iter().enumerate().map(channels).collect(),
            inboxes,
            hasher: foldhash::fast::RandomState::default(),
            observer,
            metrics,
        }
    }

    pub(crate) fn app_by_key(&self, key: &str) -> Option<&Arc<App>> {
        self.apps.iter().map(|channels| &channels.app).find(|app| app.config.key == key)
    }

    pub(crate) fn app_by_id(&self, id: &str) -> Option<&Arc<App>> {
        self.apps.iter().map(|channels| &channels.app).find(|app| app.config.id == id)
    }

    pub(crate) fn inbox(&self, worker: usize) -> &Inbox {
        &self.inboxes[worker]
    }

    /// Whether a worker is so far behind that publishers must wait.
    pub(crate) fn is_overloaded(&self) -> bool {
        self.inboxes.iter().any(Inbox::is_over_mark)
    }

    /// Sends the frame that `encode` makes to every subscriber of `channel` but `except`.
    ///
    /// Nothing is encoded for a channel without subscribers.
    pub(crate) fn publish(
        &self,
        app: &App,
        channel: &str,
        except: Option<SocketId>,
        encode: impl FnOnce() -> EncodedFrame,
    ) {
        let shard = self.shard(app, channel).lock();
        if let Some((name, channel)) = shard.get_key_value(channel) {
            self.post(app, name, channel, except, &encode());
        }
    }

    /// Relays a client event to the others on its channel.
    pub(crate) fn publish_client_event(
        &self,
        app: &App,
        channel: &str,
        from: SocketId,
        frame: EncodedFrame,
        tell: impl FnOnce() -> LifeEvent,
    ) -> Result<(), Overloaded> {
        if self.is_overloaded() {
            return Err(Overloaded);
        }
        self.publish(app, channel, Some(from), || frame);
        self.metrics.events_from_clients.increment();
        self.observe(app, LifeKind::ClientEvent, tell);
        Ok(())
    }

    /// Counts a subscription and sends its admission to the subscriber's own worker.
    ///
    /// `member` is given on presence channels and on no other.
    pub(crate) fn subscribe(&self, app: &App, name: &str, subscriber: Subscriber, member: Option<Member>) {
        let mut shard = self.shard(app, name).lock();
        let name: Arc<str> = match shard.get_key_value(name) {
            Some((name, _)) => Arc::clone(name),
            None => name.into(),
        };
        let workers = self.inboxes.len();
        let channel = shard.entry(Arc::clone(&name)).or_insert_with(|| Channel::new(workers));
        if channel.is_vacant() {
            self.observe(app, LifeKind::ChannelOccupied, || LifeEvent::channel_occupied(app, &name));
        }
        let newcomer = member.and_then(|member| channel.join(member));
        if let Some(newcomer) = newcomer {
            let added = frame::member_added(&name, &newcomer.added());
            self.post(app, &name, channel, None, &added);
            self.observe(app, LifeKind::MemberAdded, || {
                LifeEvent::member_added(app, &name, &newcomer.user_id)
            });
        }
        channel.count(subscriber.worker);
        let succeeded =
            channel.subscription_succeeded(&name, ChannelKind::of(&name) == ChannelKind::Presence);
        self.inboxes[subscriber.worker].send(Letter::Admit(Admission {
            app: app.index,
            channel: name,
            slot: subscriber.slot,
            socket_id: subscriber.socket_id,
            frame: succeeded,
        }));
    }

    /// Takes back a subscription; `user_id` is that of its member on a presence channel.
    pub(crate) fn unsubscribe(&self, app: &App, name: &str, worker: usize, user_id: Option<&str>) {
        let mut shard = self.shard(app, name).lock();
        let Some((name, _)) = shard.get_key_value(name) else { return };
        let name = Arc::clone(name);
        let Some(channel) = shard.get_mut(&name) else { return };
        let Departure { gone, vacant } = channel.leave(worker, user_id);
        if let Some(member) = gone {
            let removed = frame::member_removed(&name, &member.removed());
            self.post(app, &name, channel, None, &removed);
            self.observe(app, LifeKind::MemberRemoved, || {
                LifeEvent::member_removed(app, &name, &member.user_id)
            });
        }
        if vacant {
            shard.remove(&name);
            self.observe(app, LifeKind::ChannelVacated, || LifeEvent::channel_vacated(app, &name));
        }
    }

    /// Puts one letter into the inbox of each worker with subscribers. The caller holds the shard's lock.
    fn post(
        &self,
        app: &App,
        name: &Arc<str>,
        channel: &Channel,
        except: Option<SocketId>,
        frame: &EncodedFrame,
    ) {
        for worker in channel.workers() {
            self.inboxes[worker].send(Letter::Deliver(Delivery {
                app: app.index,
                channel: Arc::clone(name),
                frame: frame.clone(),
                except,
            }));
        }
    }

    /// Tells of an event, which is not even made where nobody wants to know of its kind.
    fn observe(&self, app: &App, kind: LifeKind, event: impl FnOnce() -> LifeEvent) {
        if let Some(observer) = &self.observer
            && observer.wants(app.index, kind)
            && !observer.tell(event())
        {
            self.metrics.life_events_dropped.increment();
        }
    }

    fn shard(&self, app: &App, name: &str) -> &Mutex<Shard> {
        let hash = self.hasher.hash_one(name);
        // The high bits: the shard's own map uses the same hash function from the low ones up.
        &self.apps[app.index].shards[(hash >> 58) as usize % SHARDS]
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("apps", &self.apps.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
