//! Joins and departures of presence channels are told together.
//!
//! A thousand clients that join at once, each with a list of its own and each told to all the others, would be a
//! thousand lists and half a million frames. So a subscription to a presence channel counts at once, for limits, for
//! the HTTP API and for webhooks, but is admitted later; and what it changes for those who are there is kept as frames.
//! To *settle* the channel is to send all of it: to the former subscribers the news, as one buffer for all of them, and
//! to all newcomers the same list. That happens
//!
//! * at the end of a worker's turn, unless the channel was settled a moment ago (the more members, the longer a moment),
//! * and before anything else is sent to the channel.
//!
//! So everybody sees the order of things that they would see if each had been told at once: a newcomer gets a list with
//! all who came before the settlement and no news of them, and after it whatever happens on the channel from then on.

use super::Subscriber;
use super::cache::Cache;
use super::channel::Channel;
use super::inbox::{Admission, Letter};
use super::presence::Unsettled;
use super::{App, Hub, Shard};
use crate::protocol::ChannelKind;
use std::sync::Arc;
use std::time::Instant;

impl Hub {
    /// Settles a channel at the end of a turn, or says when to come again. For the worker that got [`Letter::Settle`].
    pub(crate) fn settle(&self, app: usize, name: &Arc<str>, now: Instant) -> Option<Instant> {
        let app = &self.apps[app].app;
        let mut shard = self.shard(app, name).lock();
        let Shard { channels, cache, .. } = &mut *shard;
        let channel = channels.get_mut(name)?;
        let presence = channel.presence.as_mut()?;
        if let Some(pause_end) = presence.pause_end()
            && pause_end > now
            && !presence.is_settled()
        {
            return Some(pause_end);
        }
        presence.dismiss();
        self.settle_now(app, name, channel, cache, now);
        None
    }

    /// Settles a channel to which something is about to be sent.
    pub(super) fn settle_first(&self, app: &App, shard: &mut Shard, name: &str) {
        if ChannelKind::of(name) != ChannelKind::Presence {
            return;
        }
        let Shard { channels, cache, .. } = shard;
        if let Some((name, channel)) = channels.get_key_value(name)
            && channel.presence.as_ref().is_some_and(|presence| !presence.is_settled())
        {
            let name = Arc::clone(name);
            if let Some(channel) = channels.get_mut(&name) {
                self.settle_now(app, &name, channel, cache, Instant::now());
            }
        }
    }

    /// Has a worker come to settle, unless one is on its way.
    pub(super) fn call_to_settle(&self, app: &App, name: &Arc<str>, channel: &mut Channel, worker: usize) {
        if channel.presence.as_mut().is_some_and(|presence| presence.needs_call()) {
            self.inboxes[worker].send(Letter::Settle { app: app.index, channel: Arc::clone(name) });
        }
    }

    fn settle_now(&self, app: &App, name: &Arc<str>, channel: &mut Channel, cache: &mut Cache, now: Instant) {
        let Some(Unsettled { news, arrivals }) =
            channel.presence.as_mut().and_then(|presence| presence.settle(now))
        else {
            return;
        };
        if !news.is_empty() {
            self.post(app, name, channel, None, &news);
        }
        if arrivals.is_empty() {
            return;
        }
        let mut newcomers: Vec<Vec<Subscriber>> = vec![Vec::new(); self.inboxes.len()];
        for arrival in arrivals.into_values() {
            channel.count(arrival.worker);
            newcomers[arrival.worker].push(arrival);
        }
        let (succeeded, remembered) = self.welcome(app, name, channel, cache);
        let concerned = newcomers.into_iter().enumerate().filter(|(_, subscribers)| !subscribers.is_empty());
        for (worker, subscribers) in concerned {
            self.inboxes[worker].send(Letter::Admit(Admission {
                app: app.index,
                channel: Arc::clone(name),
                subscribers,
                succeeded: succeeded.clone(),
                remembered: remembered.clone(),
            }));
        }
    }
}
