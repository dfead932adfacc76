//! What the hub can tell of channels, for the HTTP API.

use super::cache::Cached;
use super::{App, Hub};
use crate::watch::is_hidden;
use std::sync::Arc;
use std::time::Instant;

/// The size of one channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Occupancy {
    /// Connections subscribed.
    pub(crate) subscriptions: u64,
    /// Distinct users, on presence channels.
    pub(crate) users: u64,
}

impl Hub {
    /// The occupied channels of an app whose names begin with `prefix`, in the order of their names. Those for people who
    /// look are left out, here and in all numbers of channels and subscriptions.
    pub(crate) fn channels(&self, app: &App, prefix: &str) -> Vec<(Arc<str>, Occupancy)> {
        let mut found = Vec::new();
        for shard in &self.apps[app.index].shards {
            let shard = shard.lock();
            let matching =
                shard.channels.iter().filter(|(name, _)| name.starts_with(prefix) && !is_hidden(name));
            found.extend(matching.map(|(name, channel)| (Arc::clone(name), channel.occupancy())));
        }
        found.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        found
    }

    /// The presence channels that a user is a member of, in the order of their names.
    ///
    /// Looks through all channels, one shard at a time: nothing is kept per user for a question that few ask.
    pub(crate) fn channels_of(&self, app: &App, user_id: &str) -> Vec<Arc<str>> {
        let mut found = Vec::new();
        for shard in &self.apps[app.index].shards {
            let shard = shard.lock();
            let present = shard.channels.iter().filter(|(_, channel)| channel.has_member(user_id));
            found.extend(present.map(|(name, _)| Arc::clone(name)));
        }
        found.sort_unstable();
        found
    }

    /// The size of a channel; zero if nobody is there.
    pub(crate) fn occupancy(&self, app: &App, name: &str) -> Occupancy {
        let shard = self.shard(app, name).lock();
        shard.channels.get(name).map(super::channel::Channel::occupancy).unwrap_or_default()
    }

    /// The ids of a presence channel's members.
    pub(crate) fn members(&self, app: &App, name: &str) -> Vec<Arc<str>> {
        let shard = self.shard(app, name).lock();
        shard.channels.get(name).map(super::channel::Channel::user_ids).unwrap_or_default()
    }

    /// What a cache channel remembers.
    pub(crate) fn cached(&self, app: &App, name: &str) -> Option<Cached> {
        self.shard(app, name).lock().cache.cached(name, Instant::now())
    }
}
