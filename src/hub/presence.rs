//! The members of a presence channel: one per user, however many connections the user has there.
//!
//! Who comes counts at once, but is not told at once: see [`settling`](super::settling).

use super::Subscriber;
use crate::protocol::presence::{Listed, removed};
use crate::protocol::{EncodedFrame, Member, SocketId, frame};
use foldhash::fast::RandomState;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time between two settlements of a channel, for each of its members: about what it costs to tell one of them, several
/// times over, so that the news of a crowd that comes takes a part of the machine and not all of it.
pub(super) const PAUSE_PER_MEMBER: Duration = Duration::from_micros(50);

/// A shorter pause is none: the end of the turn is pause enough.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// Nobody waits longer than this to be admitted.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Presence {
    /// Sorted, so that every client sees the list in the same order.
    members: BTreeMap<Arc<str>, Present>,
    /// The roster's frame, kept until somebody comes or goes.
    roster: Option<EncodedFrame>,
    /// Connections that count already and are not admitted yet.
    arrivals: HashMap<SocketId, Subscriber, RandomState>,
    /// Frames that those who are admitted have yet to get.
    news: Vec<u8>,
    settled: Option<Instant>,
    /// Whether a worker will come to settle.
    is_called: bool,
}

#[derive(Debug)]
struct Present {
    listed: Listed,
    subscriptions: u32,
}

/// What came of joining.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Joined {
    /// The user's first subscription.
    First,
    /// Another one of a user who is there already. It does not count against the limit.
    Again,
    /// No room for another user.
    Full,
}

/// What is to be sent to settle.
#[derive(Debug)]
pub(super) struct Unsettled {
    pub(super) news: EncodedFrame,
    pub(super) arrivals: HashMap<SocketId, Subscriber, RandomState>,
}

impl Presence {
    /// Adds a subscription.
    ///
    /// While any connection of a user lives, the `user_info` of the first stays. (What the hosted service does with
    /// other info of a later connection is not known.)
    pub(super) fn join(&mut self, subscriber: Subscriber, member: &Member, limit: usize) -> Joined {
        let is_full = self.members.len() >= limit;
        let joined = match self.members.get_mut(&member.user_id) {
            Some(present) => {
                present.subscriptions += 1;
                Joined::Again
            }
            None if is_full => return Joined::Full,
            None => {
                let present = Present { listed: member.listed(), subscriptions: 1 };
                self.members.insert(Arc::clone(&member.user_id), present);
                self.roster = None;
                Joined::First
            }
        };
        self.arrivals.insert(subscriber.socket_id, subscriber);
        joined
    }

    /// Takes over a member from another server, before their connections; whether there can be such a one.
    pub(super) fn restore(&mut self, user_id: &str, text: &str) -> bool {
        let listed = Listed::restore(user_id, text);
        let present = listed.map(|listed| Present { listed, subscriptions: 0 });
        present.is_some_and(|present| self.members.insert(user_id.into(), present).is_none())
    }

    /// Counts a connection of a member who was taken over; whether there is such a member.
    pub(super) fn rejoin(&mut self, user_id: &str) -> bool {
        let present = self.members.get_mut(user_id);
        present.map(|present| present.subscriptions += 1).is_some()
    }

    /// Whether there are members without a connection.
    pub(super) fn has_ghosts(&self) -> bool {
        self.members.values().any(|present| present.subscriptions == 0)
    }

    /// Takes away the members without a connection; their ids.
    pub(super) fn take_ghosts(&mut self) -> Vec<Arc<str>> {
        let ghosts = self.members.extract_if(.., |_, present| present.subscriptions == 0);
        let ghosts: Vec<Arc<str>> = ghosts.map(|(id, _)| id).collect();
        self.roster = None;
        ghosts
    }

    /// The members: their ids, and how lists name them.
    pub(super) fn state(&self) -> Vec<(String, String)> {
        self.members.iter().map(|(id, present)| (id.to_string(), present.listed.text().to_owned())).collect()
    }

    /// Takes a connection off those that are not admitted yet; whether it was one of them.
    pub(super) fn withdraw(&mut self, socket_id: SocketId) -> bool {
        self.arrivals.remove(&socket_id).is_some()
    }

    /// Takes away a subscription; whether it was the user's last.
    pub(super) fn leave(&mut self, user_id: &str) -> bool {
        let Some(present) = self.members.get_mut(user_id) else { return false };
        present.subscriptions -= 1;
        if present.subscriptions > 0 {
            return false;
        }
        self.members.remove(user_id);
        self.roster = None;
        true
    }

    pub(super) fn tell_added(&mut self, channel: &str, member: &Member) {
        self.news.extend_from_slice(&frame::member_added(channel, &member.added()));
    }

    pub(super) fn tell_removed(&mut self, channel: &str, user_id: &str) {
        self.news.extend_from_slice(&frame::member_removed(channel, &removed(user_id)));
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Connections that are not admitted yet.
    pub(super) fn arrivals(&self) -> usize {
        self.arrivals.len()
    }

    pub(super) fn has(&self, user_id: &str) -> bool {
        self.members.contains_key(user_id)
    }

    pub(super) fn user_ids(&self) -> Vec<Arc<str>> {
        self.members.keys().cloned().collect()
    }

    /// Whether everybody knows everything.
    pub(super) fn is_settled(&self) -> bool {
        self.arrivals.is_empty() && self.news.is_empty()
    }

    /// The time before which the channel should not be settled just because a turn is over.
    pub(super) fn pause_end(&self) -> Option<Instant> {
        let members = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        let pause = PAUSE_PER_MEMBER.saturating_mul(members).min(LONGEST_PAUSE);
        self.settled.filter(|_| pause >= SHORTEST_PAUSE).map(|settled| settled + pause)
    }

    /// Whether somebody must be called to settle; from then on somebody is.
    pub(super) fn needs_call(&mut self) -> bool {
        !self.is_settled() && !std::mem::replace(&mut self.is_called, true)
    }

    /// Notes that whoever was called has come and will not come again.
    pub(super) fn dismiss(&mut self) {
        self.is_called = false;
    }

    /// What there is to be told, if anything; from then on it is.
    pub(super) fn settle(&mut self, now: Instant) -> Option<Unsettled> {
        if self.is_settled() {
            return None;
        }
        self.settled = Some(now);
        let news = EncodedFrame::from(std::mem::take(&mut self.news));
        Some(Unsettled { news, arrivals: std::mem::take(&mut self.arrivals) })
    }

    /// `subscription_succeeded` with everybody in it, encoded once per change.
    pub(super) fn roster(&mut self, channel: &str) -> EncodedFrame {
        let members = &self.members;
        let encode = || frame::roster(channel, members.values().map(|present| &present.listed));
        self.roster.get_or_insert_with(encode).clone()
    }
}
