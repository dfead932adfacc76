//! What is known of one occupied channel.

use super::facts::Occupancy;
use super::presence::{Joined, Presence};
use crate::protocol::{EncodedFrame, Member, frame};
use std::sync::Arc;
use std::time::Instant;

/// Subscriptions per worker, and the members of a presence channel.
#[derive(Debug, Default)]
pub(super) struct Channel {
    /// By worker, those only that have any: what a publish looks through, and most channels have few.
    subscriptions: Vec<Share>,
    presence: Presence,
    /// When the number of subscriptions was last told to the subscribers.
    pub(super) counted: Option<Instant>,
    /// Whether somebody is waiting to tell them.
    pub(super) is_count_due: bool,
    /// Whether the application was told that the channel remembers nothing, since it last remembered something.
    pub(super) is_miss_told: bool,
}

/// One worker's part of the subscriptions.
#[derive(Debug)]
struct Share {
    worker: u32,
    count: u32,
}

/// What a departure changed.
#[derive(Debug)]
pub(super) struct Departure {
    /// The member whose last subscription this was.
    pub(super) gone: Option<Member>,
    /// Whether nobody is left on the channel.
    pub(super) vacant: bool,
}

impl Channel {
    pub(super) fn is_vacant(&self) -> bool {
        self.subscriptions.is_empty()
    }

    /// The workers that have subscribers, and how many.
    pub(super) fn workers(&self) -> impl Iterator<Item = (usize, u32)> {
        self.subscriptions.iter().map(|share| (share.worker as usize, share.count))
    }

    pub(super) fn occupancy(&self) -> Occupancy {
        Occupancy {
            subscriptions: self.subscriptions.iter().map(|share| u64::from(share.count)).sum(),
            users: self.presence.len() as u64,
        }
    }

    pub(super) fn user_ids(&self) -> Vec<Arc<str>> {
        self.presence.user_ids()
    }

    pub(super) fn count(&mut self, worker: usize) {
        match self.place_of(worker) {
            Some(place) => self.subscriptions[place].count += 1,
            None => {
                // Exactly one more: a channel never has more shares than there are workers.
                self.subscriptions.reserve_exact(1);
                self.subscriptions.push(Share { worker: worker as u32, count: 1 });
            }
        }
    }

    fn discount(&mut self, worker: usize) {
        let Some(place) = self.place_of(worker) else { return };
        self.subscriptions[place].count -= 1;
        if self.subscriptions[place].count == 0 {
            self.subscriptions.swap_remove(place);
        }
    }

    fn place_of(&self, worker: usize) -> Option<usize> {
        self.subscriptions.iter().position(|share| share.worker as usize == worker)
    }

    /// Adds a member, unless it is a new one and there are `limit` already.
    pub(super) fn join(&mut self, member: Member, limit: usize) -> Joined {
        self.presence.join(member, limit)
    }

    pub(super) fn leave(&mut self, worker: usize, user_id: Option<&str>) -> Departure {
        self.discount(worker);
        let gone = user_id.and_then(|user_id| self.presence.leave(user_id));
        Departure { gone, vacant: self.is_vacant() }
    }

    pub(super) fn subscription_succeeded(&mut self, name: &Arc<str>, is_presence: bool) -> EncodedFrame {
        if is_presence { self.presence.roster(name) } else { frame::subscription_succeeded(name, "{}") }
    }
}
