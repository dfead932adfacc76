//! `GET /apps/{id}/channels` and what lies below it.

use super::info::Info;
use super::query::Query;
use super::{Answer, Refusal, json};
use crate::hub::{App, Hub};
use crate::protocol::{ChannelKind, channel};
use serde_json::{Map, Value, json};

/// The occupied channels, each with the attributes asked for.
pub(super) fn list(hub: &Hub, app: &App, query: &Query<'_>) -> Result<Answer, Refusal> {
    let prefix = query.get("filter_by_prefix").unwrap_or_default();
    let info = Info::parse(query.get("info"))?;
    if info.user_count && !prefix.starts_with("presence-") {
        return Err(Refusal::bad_request(
            "user_count may only be requested for presence channels: filter_by_prefix must begin with presence-",
        ));
    }
    let describe = |(name, occupancy): (std::sync::Arc<str>, _)| {
        let attributes = info.of(hub, app, &name, occupancy);
        (name.to_string(), Value::Object(attributes))
    };
    let channels: Map<String, Value> = hub.channels(app, prefix).into_iter().map(describe).collect();
    Ok(json(json!({"channels": channels}).to_string()))
}

/// Whether a channel is occupied, and the attributes asked for.
pub(super) fn show(hub: &Hub, app: &App, name: &str, query: &Query<'_>) -> Result<Answer, Refusal> {
    require_name(app, name)?;
    let info = Info::parse(query.get("info"))?;
    info.require_available(name)?;
    let occupancy = hub.occupancy(app, name);
    let mut answer = info.of(hub, app, name, occupancy);
    answer.insert("occupied".to_owned(), (occupancy.subscriptions > 0).into());
    Ok(json(Value::Object(answer).to_string()))
}

/// The users on a presence channel.
pub(super) fn members(hub: &Hub, app: &App, name: &str) -> Result<Answer, Refusal> {
    require_name(app, name)?;
    if ChannelKind::of(name) != ChannelKind::Presence {
        return Err(Refusal::bad_request("Users can only be retrieved for presence channels"));
    }
    let users: Vec<Value> = hub.members(app, name).iter().map(|id| json!({"id": **id})).collect();
    Ok(json(json!({"users": users}).to_string()))
}

/// Refuses names that no channel can have.
pub(super) fn require_name(app: &App, name: &str) -> Result<(), Refusal> {
    channel::validate(name.as_bytes(), app.config.max_channel_name_length)
        .map_err(|why| Refusal::bad_request(format!("Invalid channel name {name:?}: {why}")))
}
