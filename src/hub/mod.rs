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
//!
//! # Many workers
//!
//! An event costs one lock, that of its channel's shard, and one letter to each worker that has subscribers; nothing for
//! the other workers, and nothing per subscriber. (A letter goes through a list without locks. Ringing the bell takes an
//! uncontended lock and a system call if the worker sleeps, and neither if it is at work.) Publishers ask one number, and
//! not one per worker, whether anybody is far behind. `fanout_tests` counts that with 64 workers.
//!
//! So with 64 workers the one thread that drains a queue is what ends first. Measured with frames of 320 bytes: some 0.7 us
//! to decode, route and encode an event, and 0.2 us for each letter to a worker that is at work (500,000 events/s to eight
//! workers each); but 2 us for each that sleeps (7,000 events/s to 64 workers each). More drains take more queues, one per
//! app.

mod addresses;
mod app;
mod busiest;
mod cache;
mod ceiling;
mod channel;
mod counts;
mod dashboard;
mod facts;
mod handover;
mod hold;
mod inbox;
pub(crate) mod life;
mod lock;
mod observer;
mod presence;
mod settling;
mod users;
mod watching;

pub(crate) use addresses::Addresses;
pub(crate) use app::{App, Quota};
pub(crate) use busiest::{Busiest, Sort, Wanted};
pub(crate) use ceiling::Ceiling;
pub(crate) use facts::Occupancy;
pub(crate) use hold::{Hold, QueueEnd};
pub(crate) use inbox::{Admission, Delivery, Inbox, Letter, Mailbox, SlowClient, Socket, Survey};
pub(crate) use observer::{Observed, Observer};

use self::channel::{Channel, Departure};
use crate::config::{Config, LifeKind};
use crate::health::Health;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::protocol::channel::is_cached;
use crate::protocol::{EncodedFrame, Member, SocketId, frame};
use crate::spare::Spare;
use crate::watch::{CpuClock, Entrance, History, is_hidden};
use cache::Cache;
use life::LifeEvent;
use lock::Lock;
use presence::Joined;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use users::Users;

/// Shards per app: enough that two busy channels rarely share a lock, few enough to cost nothing when idle.
const SHARDS: usize = 64;

/// Some of an app's channels.
#[derive(Debug, Default)]
struct Shard {
    channels: HashMap<Arc<str>, Channel, foldhash::fast::RandomState>,
    cache: Cache,
    /// Channels whose number of subscriptions is to be told later.
    due: Vec<Arc<str>>,
}

/// See the module.
pub(crate) struct Hub {
    apps: Vec<AppChannels>,
    inboxes: Vec<Inbox>,
    hasher: foldhash::fast::RandomState,
    observer: Option<Observer>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) health: Health,
    pub(crate) history: History,
    /// The processor time of each worker.
    cpu_clocks: Vec<OnceLock<CpuClock>>,
    pub(crate) limits: Limits,
    pub(crate) ceiling: Ceiling,
}

struct AppChannels {
    app: Arc<App>,
    shards: Vec<Lock<Shard>>,
    users: Lock<Users>,
}

/// An event of the application, as it is published.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event<'a> {
    pub(crate) name: &'a str,
    /// The text that goes out as a JSON string.
    pub(crate) data: &'a str,
    /// The connection that does not get it.
    pub(crate) except: Option<SocketId>,
}

/// The presence channel has as many members as it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PresenceFull;

/// Where a subscription lives: which connection, on which worker.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subscriber {
    pub(crate) worker: usize,
    pub(crate) slot: usize,
    pub(crate) socket_id: SocketId,
    /// Which of its connection's subscriptions it is: an admission may come when the client has unsubscribed, and has
    /// subscribed to the same channel anew.
    pub(crate) serial: u32,
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
        let addresses = Arc::new(Addresses::new(config));
        let channels = |(index, app): (usize, &crate::config::AppConfig)| AppChannels {
            app: Arc::new(App::new(index, app.clone(), &addresses)),
            shards: (0..SHARDS).map(|_| Lock::default()).collect(),
            users: Lock::default(),
        };
        Self {
            apps: config.apps.iter().enumerate().map(channels).collect(),
            cpu_clocks: inboxes.iter().map(|_| OnceLock::new()).collect(),
            limits: Limits::new(&metrics),
            ceiling: Ceiling::new(config.max_outbox_bytes, inboxes.len()),
            inboxes,
            hasher: foldhash::fast::RandomState::default(),
            observer,
            metrics,
            health: Health::default(),
            history: History::default(),
        }
    }

    pub(crate) fn apps(&self) -> impl Iterator<Item = &Arc<App>> {
        self.apps.iter().map(|channels| &channels.app)
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

    pub(crate) fn inboxes(&self) -> &[Inbox] {
        &self.inboxes
    }

    /// Whether a worker is so far behind that publishers must wait.
    pub(crate) fn is_overloaded(&self) -> bool {
        self.inboxes.first().is_some_and(Inbox::is_any_over_mark)
    }

    /// Sends an event of the application to every subscriber of a channel but `except`.
    ///
    /// Nothing is encoded for a channel that nobody is on, unless the channel remembers its last event.
    pub(crate) fn publish(&self, app: &App, channel: &str, event: &Event<'_>, from: Entrance) {
        let mut shard = self.shard(app, channel).lock();
        self.settle_first(app, &mut shard, channel);
        let Shard { channels, cache, .. } = &mut *shard;
        let occupied = channels.get_key_value(channel);
        let is_remembered = is_cached(channel);
        if occupied.is_none() && !is_remembered {
            app.show((channel, None), event, from, 0);
            return;
        }
        let frame = frame::event(event.name, channel, event.data);
        app.show((channel, occupied), event, from, frame.len());
        if let Some((name, channel)) = occupied {
            self.post(app, name, channel, event.except, &frame);
        }
        if is_remembered {
            let name = occupied.map_or_else(|| channel.into(), |(name, _)| Arc::clone(name));
            cache.remember(&name, &frame, event.data, Instant::now());
            if let Some(occupied) = channels.get_mut(channel) {
                occupied.is_miss_told = false;
            }
        }
    }

    /// Has the workers measure how long the event that was published last on a channel takes to their sockets.
    pub(crate) fn follow(&self, app: &App, channel: &str, published: Instant) {
        let shard = self.shard(app, channel).lock();
        // An event that is held back is measured when it is delivered.
        if let Some(channel) = shard.channels.get(channel).filter(|_| app.hold().is_none()) {
            for (worker, _) in channel.workers() {
                self.inboxes[worker].send(Letter::Follow { published });
            }
        }
    }

    /// Counts a subscription; its admission comes through the inbox of the subscriber's own worker, at once or, on a
    /// presence channel, when the channel is settled. Gives the channel's name back, as the copy that all share.
    ///
    /// `member` is given on presence channels and on no other.
    pub(crate) fn subscribe(
        &self,
        app: &App,
        name: &str,
        subscriber: Subscriber,
        member: Option<&Member>,
    ) -> Result<Arc<str>, PresenceFull> {
        let mut shard = self.shard(app, name).lock();
        let name: Arc<str> = match shard.channels.get_key_value(name) {
            Some((name, _)) => Arc::clone(name),
            None => name.into(),
        };
        let Shard { channels, cache, due } = &mut *shard;
        let channel = channels.entry(Arc::clone(&name)).or_default();
        let was_vacant = channel.is_vacant();
        if was_vacant && !is_hidden(&name) {
            // Told before the member: in this order it happened.
            self.observe(app, LifeKind::ChannelOccupied, || LifeEvent::channel_occupied(app, &name));
        }
        match member {
            Some(member) => self.join(app, &name, channel, subscriber, member)?,
            None => {
                channel.count(subscriber.worker);
                let (succeeded, remembered) = self.welcome(app, &name, channel, cache);
                self.inboxes[subscriber.worker].send(Letter::Admit(Admission {
                    app: app.index,
                    channel: Arc::clone(&name),
                    subscribers: vec![subscriber],
                    succeeded,
                    remembered,
                }));
            }
        }
        app.note_subscription(&name, was_vacant);
        self.recount(app, &name, channel, due);
        Ok(name)
    }

    fn join(
        &self,
        app: &App,
        name: &Arc<str>,
        channel: &mut Channel,
        subscriber: Subscriber,
        member: &Member,
    ) -> Result<(), PresenceFull> {
        let is_heard = channel.workers().next().is_some();
        let presence = channel.presence.get_or_insert_default();
        match presence.join(subscriber, member, app.config.max_presence_members) {
            Joined::Full => return Err(PresenceFull),
            Joined::Again => {}
            Joined::First => {
                if is_heard {
                    presence.tell_added(name, member);
                }
                self.observe(app, LifeKind::MemberAdded, || {
                    LifeEvent::member_added(app, name, &member.user_id)
                });
            }
        }
        self.call_to_settle(app, name, channel, subscriber.worker);
        Ok(())
    }

    /// What newcomers get first: the success, with everybody who is there on a presence channel, and on a cache channel
    /// what is remembered or that nothing is.
    fn welcome(
        &self,
        app: &App,
        name: &Arc<str>,
        channel: &mut Channel,
        cache: &mut Cache,
    ) -> (EncodedFrame, Option<EncodedFrame>) {
        let succeeded = match &mut channel.presence {
            Some(presence) => presence.roster(name),
            None => frame::subscription_succeeded(name),
        };
        if !is_cached(name) {
            return (succeeded, None);
        }
        let remembered = cache.frame(name, Instant::now());
        if remembered.is_none() && !std::mem::replace(&mut channel.is_miss_told, true) {
            self.observe(app, LifeKind::CacheMiss, || LifeEvent::cache_miss(app, name));
        }
        (succeeded, Some(remembered.unwrap_or_else(|| frame::cache_miss(name))))
    }

    /// Takes back a subscription; `user_id` is that of its member on a presence channel.
    pub(crate) fn unsubscribe(&self, app: &App, name: &str, subscriber: Subscriber, user_id: Option<&str>) {
        let mut shard = self.shard(app, name).lock();
        let Shard { channels, due, .. } = &mut *shard;
        let Some((name, _)) = channels.get_key_value(name) else { return };
        let name = Arc::clone(name);
        let Some(channel) = channels.get_mut(&name) else { return };
        let Departure { is_member_gone, is_vacant } = channel.leave(&name, subscriber, user_id);
        if let Some(user_id) = user_id.filter(|_| is_member_gone) {
            self.observe(app, LifeKind::MemberRemoved, || LifeEvent::member_removed(app, &name, user_id));
        }
        app.note_departure(&name, is_vacant);
        self.recount(app, &name, channel, due);
        if is_vacant {
            channels.remove(&name);
            channels.give_back();
            if is_hidden(&name) {
                return;
            }
            self.observe(app, LifeKind::ChannelVacated, || LifeEvent::channel_vacated(app, &name));
        } else {
            self.call_to_settle(app, &name, channel, subscriber.worker);
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
        let is_counted = !is_hidden(name);
        for (worker, receivers) in channel.workers() {
            self.inboxes[worker].send(Letter::Deliver(Delivery {
                app: app.index,
                channel: Arc::clone(name),
                frame: frame.clone(),
                except,
                receivers,
                is_counted,
            }));
        }
    }

    /// The observer, if it wants to know of this kind of event.
    fn observer_of(&self, app: &App, kind: LifeKind) -> Option<&Observer> {
        self.observer.as_ref().filter(|observer| observer.wants(app.index, kind))
    }

    /// Tells of an event, which is not even made where nobody wants to know of its kind.
    fn observe(&self, app: &App, kind: LifeKind, event: impl FnOnce() -> LifeEvent) {
        if let Some(observer) = self.observer_of(app, kind)
            && !observer.tell(event())
        {
            self.metrics.life_events_dropped.increment();
        }
    }

    fn shard(&self, app: &App, name: &str) -> &Lock<Shard> {
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
mod fanout_tests;
#[cfg(test)]
mod tests;
