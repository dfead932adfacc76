//! The `info` parameter: attributes of channels that a request asks for.

use super::Refusal;
use crate::hub::{App, Hub, Occupancy};
use crate::protocol::{ChannelKind, channel};
use serde_json::{Map, Value, json};

/// Attributes asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Info {
    pub(super) user_count: bool,
    pub(super) subscription_count: bool,
    pub(super) cache: bool,
}

impl Info {
    /// Reads a comma-separated list; none is an empty one.
    pub(super) fn parse(text: Option<&str>) -> Result<Self, Refusal> {
        let mut info = Self::default();
        let names = text.unwrap_or_default().split(',').map(str::trim);
        for name in names.filter(|name| !name.is_empty()) {
            match name {
                "user_count" => info.user_count = true,
                "subscription_count" => info.subscription_count = true,
                "cache" => info.cache = true,
                _ => return Err(Refusal::bad_request(format!("There is no channel attribute {name:?}"))),
            }
        }
        Ok(info)
    }

    /// Refuses attributes that a single channel does not have.
    pub(super) fn require_available(self, name: &str) -> Result<(), Refusal> {
        if self.user_count && ChannelKind::of(name) != ChannelKind::Presence {
            return Err(Refusal::bad_request(
                "Cannot retrieve the user count unless the channel is a presence channel",
            ));
        }
        if self.cache && !channel::is_cached(name) {
            return Err(Refusal::bad_request(
                "Cannot retrieve the cache unless the channel is a cache channel",
            ));
        }
        Ok(())
    }

    /// The attributes that the channel has of those asked for. Presence channels have both counts, as in the hosted service
    /// (its documentation says otherwise), and subscriptions are counted whether or not the app has
    /// `subscription_counts`, which is about events only. (The hosted answer in that case is not known.)
    pub(super) fn of(self, hub: &Hub, app: &App, name: &str, occupancy: Occupancy) -> Map<String, Value> {
        let mut attributes = Map::new();
        let is_presence = ChannelKind::of(name) == ChannelKind::Presence;
        if self.user_count && is_presence {
            attributes.insert("user_count".to_owned(), occupancy.users.into());
        }
        if self.subscription_count {
            attributes.insert("subscription_count".to_owned(), occupancy.subscriptions.into());
        }
        if self.cache && channel::is_cached(name) {
            let cached = hub.cached(app, name).map(|cached| json!({"data": cached.data, "ttl": cached.ttl}));
            attributes.insert("cache".to_owned(), cached.into());
        }
        attributes
    }
}
