//! What is known of one occupied channel.

use super::facts::Occupancy;
use super::presence::{Joined, Presence};
use crate::protocol::{EncodedFrame, Member, frame};
use std::sync::Arc;
use std::time::Instant;

/// Subscriptions per worker, and the members of a presence channel.
#[derive(Debug)]
pub(super) struct Channel {
    subscriptions: Box<[u32]>,
    presence: Presence,
    /// When the number of subscriptions was last told to the subscribers.
    pub(super) counted: Option<Instant>,
    /// Whether somebody is waiting to tell them.
    pub(super) is_count_due: bool,
    /// Whether the application was told that the channel remembers nothing, since it last remembered something.
    pub(super) is_miss_told: bool,
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
    pub(super) fn new(workers: usize) -> Self {
        Self {
            subscriptions: vec![0; workers].into(),
            presence: Presence::default(),
            counted: None,
            is_count_due: false,
            is_miss_told: false,
        }
    }

    pub(super) fn is_vacant(&self) -> bool {
        self.subscriptions.iter().all(|&count| count == 0)
    }

    /// The workers that have subscribers, and how many.
    pub(super) fn workers(&self) -> impl Iterator<Item = (usize, u32)> {
        self.subscriptions.iter().copied().enumerate().filter(|&(_, count)| count > 0)
    }

    pub(super) fn occupancy(&self) -> Occupancy {
        Occupancy {
            subscriptions: self.subscriptions.iter().map(|&count| u64::from(count)).sum(),
            users: self.presence.len() as u64,
        }
    }

    pub(super) fn user_ids(&self) -> Vec<Arc<str>> {
        self.presence.user_ids()
    }

    pub(super) fn count(&mut self, worker: usize) {
        self.subscriptions[worker] += 1;
    }

    /// Adds a member, unless it is a new one and there are `limit` already.
    pub(super) fn join(&mut self, member: Member, limit: usize) -> Joined {
        self.presence.join(member, limit)
    }

    pub(super) fn leave(&mut self, worker: usize, user_id: Option<&str>) -> Departure {
        self.subscriptions[worker] = self.subscriptions[worker].saturating_sub(1);
        let gone = user_id.and_then(|user_id| self.presence.leave(user_id));
        Departure { gone, vacant: self.is_vacant() }
    }

    pub(super) fn subscription_succeeded(&mut self, name: &Arc<str>, is_presence: bool) -> EncodedFrame {
        if is_presence { self.presence.roster(name) } else { frame::subscription_succeeded(name, "{}") }
    }
}
