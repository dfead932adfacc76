//! The kinds of life-cycle events, by the names that Pusher's webhooks have for them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// One kind of event in a channel's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LifeKind {
    /// A channel got its first subscription.
    ChannelOccupied,
    /// A channel lost its last subscription.
    ChannelVacated,
    /// A user came to a presence channel.
    MemberAdded,
    /// A user left a presence channel.
    MemberRemoved,
    /// A client sent an event to the other subscribers of a channel.
    ClientEvent,
    /// Somebody subscribed to a cache channel that holds no event.
    CacheMiss,
    /// The number of subscriptions of a channel changed.
    SubscriptionCount,
}

impl LifeKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::ChannelOccupied,
        Self::ChannelVacated,
        Self::MemberAdded,
        Self::MemberRemoved,
        Self::ClientEvent,
        Self::CacheMiss,
        Self::SubscriptionCount,
    ];

    /// `channel_occupied`, and so on.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ChannelOccupied => "channel_occupied",
            Self::ChannelVacated => "channel_vacated",
            Self::MemberAdded => "member_added",
            Self::MemberRemoved => "member_removed",
            Self::ClientEvent => "client_event",
            Self::CacheMiss => "cache_miss",
            Self::SubscriptionCount => "subscription_count",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of kinds. In settings it is a list of names, and an empty list means all of them.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<LifeKind>", into = "Vec<LifeKind>")]
pub struct LifeKinds(u8);

impl LifeKinds {
    /// No kind.
    pub const NONE: Self = Self(0);
    /// Every kind.
    pub const ALL: Self = Self((1 << LifeKind::ALL.len()) - 1);

    /// Whether `kind` is in it.
    #[must_use]
    pub fn contains(self, kind: LifeKind) -> bool {
        self.0 & kind.bit() != 0
    }

    /// What is in either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// `self` with `kind` in it.
    #[must_use]
    pub fn with(self, kind: LifeKind) -> Self {
        Self(self.0 | kind.bit())
    }

    fn iter(self) -> impl Iterator<Item = LifeKind> {
        LifeKind::ALL.into_iter().filter(move |&kind| self.contains(kind))
    }
}

impl Default for LifeKinds {
    fn default() -> Self {
        Self::ALL
    }
}

impl From<Vec<LifeKind>> for LifeKinds {
    fn from(kinds: Vec<LifeKind>) -> Self {
        if kinds.is_empty() { Self::ALL } else { kinds.into_iter().fold(Self::NONE, Self::with) }
    }
}

impl From<LifeKinds> for Vec<LifeKind> {
    fn from(kinds: LifeKinds) -> Self {
        kinds.iter().collect()
    }
}

impl fmt::Debug for LifeKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_code_and_in_settings() {
        for kind in LifeKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }

    #[test]
    fn a_list_of_names_is_the_set_of_them_and_an_empty_one_is_all() {
        let set = |json: &str| serde_json::from_str::<LifeKinds>(json).unwrap();
        let two = set(r#"["cache_miss","channel_occupied","cache_miss"]"#);
        assert!(two.contains(LifeKind::CacheMiss) && two.contains(LifeKind::ChannelOccupied));
        assert!(!two.contains(LifeKind::ChannelVacated));
        assert_eq!(serde_json::to_string(&two).unwrap(), r#"["channel_occupied","cache_miss"]"#);
        assert_eq!(set("[]"), LifeKinds::ALL);
        assert!(LifeKind::ALL.into_iter().all(|kind| LifeKinds::ALL.contains(kind)));
    }
}
