//! `GET /apps/{id}/status`: what the server is doing.

use super::{Answer, json};
use crate::hub::{App, Hub};
use serde_json::{Map, Value, json};

/// Levels are the app's own, counts the whole server's since it started. Whoever wants a rate asks twice.
pub(super) fn show(hub: &Hub, app: &App) -> Answer {
    let uptime = u64::try_from(hub.metrics.beginning.elapsed().as_millis()).unwrap_or(u64::MAX);
    let counts: Map<String, Value> =
        hub.metrics.counts().map(|(name, count)| (name.to_owned(), count.into())).collect();
    let status = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_ms": uptime,
        "connections": app.connections(),
        "channels": app.channels(),
        "users": hub.signed_in(app),
        "counts": counts,
    });
    json(status.to_string())
}
