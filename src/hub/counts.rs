//! How many connections are on a channel, told to them where the app wants it.
//!
//! Up to a hundred, every change is told at once. Above, a channel is told at most every five seconds, the last change
//! included: a channel that had to wait stands in its shard's list until [`Hub::tell_due_counts`] comes round.
//!
//! When the last connection leaves, nobody is there to be told, but the application is told 0: who keeps the number of
//! each channel would otherwise keep a 1 for ever. (What the hosted service does is not known.)

use super::channel::Channel;
use super::life::LifeEvent;
use super::{App, Hub, Shard};
use crate::config::LifeKind;
use crate::protocol::{ChannelKind, frame};
use crate::watch::is_hidden;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Subscriptions up to which every change is told.
const SMALL: u64 = 100;

/// Time between two counts of a larger channel.
const PAUSE: Duration = Duration::from_secs(5);

impl Hub {
    /// Tells a channel its new number of subscriptions, or puts it on the list of those to be told later.
    pub(super) fn recount(&self, app: &App, name: &Arc<str>, channel: &mut Channel, due: &mut Vec<Arc<str>>) {
        if !app.config.subscription_counts
            || ChannelKind::of(name) == ChannelKind::Presence
            || is_hidden(name)
        {
            return;
        }
        let now = Instant::now();
        let is_early = channel.counted.is_some_and(|counted| now < counted + PAUSE);
        if is_early && channel.occupancy().subscriptions > SMALL {
            if !std::mem::replace(&mut channel.is_count_due, true) {
                due.push(Arc::clone(name));
            }
            return;
        }
        self.tell_count(app, name, channel, now);
    }

    /// Tells the channels whose pause is over. To be called about once a second.
    pub(crate) fn tell_due_counts(&self) {
        let now = Instant::now();
        for channels in self.apps.iter().filter(|channels| channels.app.config.subscription_counts) {
            for shard in &channels.shards {
                let Shard { channels: occupied, due, .. } = &mut *shard.lock();
                due.retain(|name| match occupied.get_mut(name) {
                    Some(channel) if channel.is_count_due => {
                        let is_over = channel.counted.is_none_or(|counted| now >= counted + PAUSE);
                        if is_over {
                            self.tell_count(&channels.app, name, channel, now);
                        }
                        !is_over
                    }
                    // Told in the meantime, or vacated.
                    _ => false,
                });
            }
        }
    }

    fn tell_count(&self, app: &App, name: &Arc<str>, channel: &mut Channel, now: Instant) {
        let count = channel.occupancy().subscriptions;
        channel.counted = Some(now);
        channel.is_count_due = false;
        self.post(app, name, channel, None, &frame::subscription_count(name, count));
        self.observe(app, LifeKind::SubscriptionCount, || LifeEvent::subscription_count(app, name, count));
    }
}
