//! What is known of one occupied channel.

use super::Subscriber;
use super::facts::Occupancy;
use super::presence::Presence;
use std::sync::Arc;
use std::time::Instant;

/// Subscriptions per worker, and the members of a presence channel.
#[derive(Debug, Default)]
pub(super) struct Channel {
    /// By worker, those only that have any: what a publish looks through, and most channels have few. Whoever is not admitted
    /// yet stands in `presence`.
    subscriptions: Vec<Share>,
    pub(super) presence: Option<Box<Presence>>,
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
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Departure {
    /// Whether a member went with their last subscription.
    pub(super) is_member_gone: bool,
    /// Whether nobody is left on the channel.
    pub(super) is_vacant: bool,
}

impl Channel {
    pub(super) fn is_vacant(&self) -> bool {
        self.subscriptions.is_empty() && self.arrivals() == 0
    }

    /// The workers that have subscribers, and how many.
    pub(super) fn workers(&self) -> impl Iterator<Item = (usize, u32)> {
        self.subscriptions.iter().map(|share| (share.worker as usize, share.count))
    }

    pub(super) fn occupancy(&self) -> Occupancy {
        let admitted: u64 = self.subscriptions.iter().map(|share| u64::from(share.count)).sum();
        Occupancy {
            subscriptions: admitted + self.arrivals() as u64,
            users: self.presence.as_ref().map_or(0, |presence| presence.len() as u64),
        }
    }

    pub(super) fn has_member(&self, user_id: &str) -> bool {
        self.presence.as_ref().is_some_and(|presence| presence.has(user_id))
    }

    pub(super) fn user_ids(&self) -> Vec<Arc<str>> {
        self.presence.as_ref().map(|presence| presence.user_ids()).unwrap_or_default()
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

    /// Takes a subscription away; who is left will be told if a member went.
    pub(super) fn leave(&mut self, name: &str, subscriber: Subscriber, user_id: Option<&str>) -> Departure {
        let is_withdrawn =
            self.presence.as_mut().is_some_and(|presence| presence.withdraw(subscriber.socket_id));
        if !is_withdrawn {
            self.discount(subscriber.worker);
        }
        let is_heard = !self.subscriptions.is_empty();
        let mut is_member_gone = false;
        if let (Some(presence), Some(user_id)) = (self.presence.as_mut(), user_id)
            && presence.leave(user_id)
        {
            is_member_gone = true;
            if is_heard {
                presence.tell_removed(name, user_id);
            }
        }
        Departure { is_member_gone, is_vacant: self.is_vacant() }
    }

    fn arrivals(&self) -> usize {
        self.presence.as_ref().map_or(0, |presence| presence.arrivals())
    }
}
