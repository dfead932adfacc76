//! The members of a presence channel: one per user, however many connections the user has there.

use crate::protocol::{EncodedFrame, Member, frame, presence};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Members by user id. Sorted, so that every client sees the list in the same order.
#[derive(Debug, Default)]
pub(super) struct Presence {
    members: BTreeMap<Arc<str>, Present>,
    /// The roster's frame, kept until somebody comes or goes.
    roster: Option<EncodedFrame>,
}

#[derive(Debug)]
struct Present {
    member: Member,
    subscriptions: u32,
}

/// What came of joining.
#[derive(Debug)]
pub(super) enum Joined {
    /// The user's first subscription.
    First(Member),
    /// Another one of a user who is there already. It does not count against the limit.
    Again,
    /// No room for another user.
    Full,
}

impl Presence {
    /// Adds a subscription.
    ///
    /// While any connection of a user lives, the `user_info` of the first stays. (What the hosted service does with
    /// other info of a later connection is not known.)
    pub(super) fn join(&mut self, member: Member, limit: usize) -> Joined {
        if let Some(present) = self.members.get_mut(&member.user_id) {
            present.subscriptions += 1;
            return Joined::Again;
        }
        if self.members.len() >= limit {
            return Joined::Full;
        }
        self.roster = None;
        let present = Present { member: member.clone(), subscriptions: 1 };
        self.members.insert(Arc::clone(&member.user_id), present);
        Joined::First(member)
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn user_ids(&self) -> Vec<Arc<str>> {
        self.members.keys().cloned().collect()
    }

    /// Takes away a subscription; gives the member back if it was the user's last.
    pub(super) fn leave(&mut self, user_id: &str) -> Option<Member> {
        let present = self.members.get_mut(user_id)?;
        present.subscriptions -= 1;
        if present.subscriptions > 0 {
            return None;
        }
        self.roster = None;
        self.members.remove(user_id).map(|present| present.member)
    }

    /// `subscription_succeeded` with everybody in it, encoded once per change.
    pub(super) fn roster(&mut self, channel: &str) -> EncodedFrame {
        let members = &self.members;
        let encode = || {
            let list = presence::roster(members.values().map(|present| &present.member));
            frame::subscription_succeeded(channel, &list)
        };
        self.roster.get_or_insert_with(encode).clone()
    }
}
