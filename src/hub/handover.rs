//! The facts of channels and users as plain data, for the server that takes over, and back.

use super::channel::Channel;
use super::life::{LifeEvent, now_ms};
use super::{App, Hub, Shard, Subscriber};
use crate::config::LifeKind;
use crate::handover::state::{ChannelState, RememberedState};
use crate::handover::watched::Watched;
use crate::protocol::channel::is_cached;
use crate::protocol::{ChannelKind, User};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What was told of a channel cannot be.
#[derive(Debug)]
pub(crate) struct Impossible(pub(crate) String);

impl Hub {
    /// Tells every presence channel what it has yet to be told. Nobody may come or go meanwhile.
    pub(crate) fn settle_all(&self) {
        for channels in &self.apps {
            for shard in &channels.shards {
                let mut shard = shard.lock();
                let names: Vec<Arc<str>> = shard
                    .channels
                    .iter()
                    .filter(|(_, channel)| {
                        channel.presence.as_ref().is_some_and(|presence| !presence.is_settled())
                    })
                    .map(|(name, _)| Arc::clone(name))
                    .collect();
                names.iter().for_each(|name| self.settle_first(&channels.app, &mut shard, name));
            }
        }
    }

    /// The first app whose events are held back.
    pub(crate) fn held_app(&self) -> Option<&str> {
        self.apps
            .iter()
            .map(|channels| &channels.app)
            .find(|app| app.hold().is_some())
            .map(|app| &*app.config.id)
    }

    /// The channels of which connections alone do not tell everything.
    pub(crate) fn channel_states(&self) -> Vec<ChannelState> {
        let now = Instant::now();
        let mut states = Vec::new();
        for channels in &self.apps {
            for shard in &channels.shards {
                for (name, channel) in &shard.lock().channels {
                    if channel.presence.is_none() && channel.counted.is_none() && !channel.is_miss_told {
                        continue;
                    }
                    states.push(ChannelState {
                        app: channels.app.config.id.clone(),
                        name: name.to_string(),
                        members: channel
                            .presence
                            .as_ref()
                            .map(|presence| presence.state())
                            .unwrap_or_default(),
                        is_miss_told: channel.is_miss_told,
                        counted_ms_ago: channel.counted.map(|counted| millis(now.duration_since(counted))),
                        is_count_due: channel.is_count_due,
                    });
                }
            }
        }
        states
    }

    /// What cache channels remember.
    pub(crate) fn remembered_states(&self) -> Vec<RememberedState> {
        let now = Instant::now();
        let mut states = Vec::new();
        for channels in &self.apps {
            for shard in &channels.shards {
                let app = &channels.app.config.id;
                states.extend(shard.lock().cache.states(now).map(|(channel, frame, data, left)| {
                    let (channel, data) = (channel.to_owned(), data.to_owned());
                    RememberedState { app: app.clone(), channel, frame, data, left_ms: millis(left) }
                }));
            }
        }
        states
    }

    /// Takes a channel over, before its connections.
    pub(crate) fn restore_channel(&self, state: &ChannelState) -> Result<(), Impossible> {
        let Some(app) = self.app_by_id(&state.app) else { return Err(no_app(&state.app)) };
        let mut shard = self.shard(app, &state.name).lock();
        let Shard { channels, due, .. } = &mut *shard;
        let name: Arc<str> = state.name.as_str().into();
        let channel = channels.entry(Arc::clone(&name)).or_default();
        let ago = state.counted_ms_ago.map(Duration::from_millis);
        channel.counted = ago.and_then(|ago| Instant::now().checked_sub(ago));
        channel.is_miss_told = state.is_miss_told;
        channel.is_count_due = state.is_count_due;
        if state.is_count_due {
            due.push(name);
        }
        if ChannelKind::of(&state.name) == ChannelKind::Presence {
            let presence = channel.presence.get_or_insert_default();
            for (user_id, text) in &state.members {
                if !presence.restore(user_id, text) {
                    return Err(Impossible(format!("a member of {}", state.name)));
                }
            }
        }
        Ok(())
    }

    /// Takes over what a cache channel remembers. An app that is no longer served remembers nothing.
    pub(crate) fn restore_remembered(&self, state: RememberedState) {
        let Some(app) = self.app_by_id(&state.app).filter(|_| is_cached(&state.channel)) else { return };
        let mut shard = self.shard(app, &state.channel).lock();
        let end = Instant::now() + Duration::from_millis(state.left_ms);
        shard.cache.restore(state.channel.into(), state.frame, state.data.into(), end);
    }

    /// Counts a subscription that another server has admitted; gives the channel's name back, as the copy that all share.
    pub(crate) fn resubscribe(
        &self,
        app: &App,
        name: &str,
        worker: usize,
        user_id: Option<&str>,
    ) -> Result<Arc<str>, Impossible> {
        let mut shard = self.shard(app, name).lock();
        let name: Arc<str> = match shard.channels.get_key_value(name) {
            Some((name, _)) => Arc::clone(name),
            None => name.into(),
        };
        let channel = shard.channels.entry(Arc::clone(&name)).or_default();
        app.note_subscription(&name, channel.is_vacant());
        channel.count(worker);
        let is_known = match user_id {
            Some(user_id) => channel.presence.as_mut().is_some_and(|presence| presence.rejoin(user_id)),
            None => ChannelKind::of(&name) != ChannelKind::Presence,
        };
        if is_known { Ok(name) } else { Err(Impossible(format!("a subscription of {name}"))) }
    }

    /// Whether everything that is known of channels has somebody whom it concerns.
    pub(crate) fn check_restored(&self) -> Result<(), Impossible> {
        for shard in self.apps.iter().flat_map(|channels| &channels.shards) {
            for (name, channel) in &shard.lock().channels {
                let has_ghosts = channel.presence.as_ref().is_some_and(|presence| presence.has_ghosts());
                if channel.is_vacant() || has_ghosts {
                    return Err(Impossible(format!("channel {name}")));
                }
            }
        }
        Ok(())
    }

    /// Tells of those who were on a channel, and whom the other server could not hand over: they have left.
    pub(crate) fn bury_ghosts(&self) {
        for channels in &self.apps {
            for shard in &channels.shards {
                let mut shard = shard.lock();
                let haunted = |channel: &Channel| {
                    channel.is_vacant()
                        || channel.presence.as_ref().is_some_and(|presence| presence.has_ghosts())
                };
                let names: Vec<Arc<str>> = shard
                    .channels
                    .iter()
                    .filter(|(_, channel)| haunted(channel))
                    .map(|(name, _)| Arc::clone(name))
                    .collect();
                for name in names {
                    self.bury_ghosts_of(&channels.app, &mut shard, &name);
                }
            }
        }
    }

    fn bury_ghosts_of(&self, app: &App, shard: &mut Shard, name: &Arc<str>) {
        let Some(channel) = shard.channels.get_mut(name) else { return };
        let is_heard = channel.workers().next().is_some();
        if let Some(presence) = &mut channel.presence {
            for user_id in presence.take_ghosts() {
                if is_heard {
                    presence.tell_removed(name, &user_id);
                }
                self.observe(app, LifeKind::MemberRemoved, || LifeEvent::member_removed(app, name, &user_id));
            }
        }
        if channel.is_vacant() {
            shard.channels.remove(name);
            self.observe(app, LifeKind::ChannelVacated, || LifeEvent::channel_vacated(app, name));
        } else {
            self.settle_first(app, shard, name);
        }
    }

    /// What is kept for those who look.
    pub(crate) fn watched(&self) -> Watched {
        let (samples, counted) = self.history.state();
        let refusals = self.apps().map(|app| (app.config.id.clone(), app.watch.refusals.all()));
        let apps = self.apps().map(|app| app.config.id.clone());
        Watched { samples, counted, apps: apps.collect(), refusals: refusals.collect() }
    }

    /// Takes over what is kept for those who look, after the counters.
    pub(crate) fn restore_watched(&self, mut watched: Watched) {
        let place = |id: &String| self.app_by_id(id).map(|app| app.index);
        let places: Vec<Option<usize>> = watched.apps.iter().map(place).collect();
        self.history.restore(&watched, &places, &self.metrics, now_ms());
        let told_ms = watched.samples.last().map_or(0, |sample| sample.time_ms);
        for app in self.apps() {
            let refusals = watched.refusals.remove(&app.config.id);
            app.watch.refusals.restore(refusals.unwrap_or_default(), told_ms);
        }
    }

    /// Notes a connection that another server has signed in. Nobody is told: nobody has come.
    pub(crate) fn sign_in_again(&self, app: &App, subscriber: Subscriber, user: &User) {
        let mut users = self.apps[app.index].users.lock();
        users.online.entry(Arc::clone(&user.id)).or_default().insert(subscriber.socket_id, subscriber);
        if app.config.watchlist {
            for watched in &user.watchlist {
                let watchers = users.watchers.entry(Arc::clone(watched)).or_default();
                watchers.insert(subscriber.socket_id, subscriber);
            }
        }
    }
}

fn no_app(id: &str) -> Impossible {
    Impossible(format!("app {id}"))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
