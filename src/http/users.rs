//! `GET /apps/{id}/users/{user_id}`: whether a user is online, and where.

use super::{Answer, json};
use crate::hub::{App, Hub};
use serde_json::json;

/// A user is online with a connection that is signed in, or as a member of a presence channel. Connections are those that
/// are signed in, which a termination would close.
pub(super) fn show(hub: &Hub, app: &App, user_id: &str) -> Answer {
    let connections = hub.connections_of(app, user_id);
    let channels = hub.channels_of(app, user_id);
    let channels: Vec<&str> = channels.iter().map(AsRef::as_ref).collect();
    let online = connections > 0 || !channels.is_empty();
    json(json!({"online": online, "connections": connections, "channels": channels}).to_string())
}
