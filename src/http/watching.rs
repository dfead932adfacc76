//! `GET /apps/{id}/history` and `/top`: what goes on, for people who look.

use super::query::Query;
use super::{Answer, Refusal, json};
use crate::hub::{App, Busiest, Hub, SlowClient, Sort, Wanted};
use crate::watch::{FIELDS, LONGEST};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Rows of a table, where nothing else is asked for, and at most.
const ROWS: usize = 20;
const MOST_ROWS: usize = 100;

/// How long workers get to tell of their slow clients. One that is too busy is left out.
const PATIENCE: Duration = Duration::from_millis(300);

/// The last seconds, a row each.
pub(super) fn history(hub: &Hub, app: &App, query: &Query<'_>) -> Result<Answer, Refusal> {
    let seconds = number(query, "seconds", LONGEST, LONGEST)?;
    let history = json!({
        "interval_ms": 1000,
        "workers": hub.inboxes().len(),
        "fields": FIELDS,
        "samples": hub.history.rows(app.index, seconds),
    });
    Ok(json(history.to_string()))
}

/// The last second, the busiest channels, the slowest clients, what was refused. To ask is to look: from now on channels
/// are counted, for a while.
pub(super) async fn top(hub: &Hub, app: &App, query: &Query<'_>) -> Result<Answer, Refusal> {
    let most = number(query, "limit", ROWS, MOST_ROWS)?;
    let sort = match query.get("sort") {
        None | Some("events") => Sort::Events,
        Some("deliveries") => Sort::Deliveries,
        Some("subscribers") => Sort::Subscribers,
        Some(other) => {
            let message = format!("sort must be events, deliveries or subscribers, not {other:?}");
            return Err(Refusal::bad_request(message));
        }
    };
    // Names that no channel can have are found nowhere.
    let filter = query.get("filter").unwrap_or_default();
    let Busiest { channels, omitted, looking } = hub.look(app, &Wanted { sort, filter, most });
    let top = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_ms": millis(hub.metrics.beginning.elapsed()),
        "sample": hub.history.newest(app.index),
        "channels": channels,
        "channels_omitted": omitted,
        "clients": slow_clients(hub, app, most).await,
        "refusals": app.watch.refusals.all(),
        "watching_ms": millis(looking),
    });
    Ok(json(top.to_string()))
}

async fn slow_clients(hub: &Hub, app: &App, most: usize) -> Vec<Value> {
    let deadline = tokio::time::Instant::from_std(Instant::now() + PATIENCE);
    let mut clients = Vec::new();
    for answer in hub.survey(app, most) {
        if let Ok(Ok(told)) = tokio::time::timeout_at(deadline, answer).await {
            clients.extend(told);
        }
    }
    clients.sort_by_key(|client| std::cmp::Reverse((client.unsent_bytes, client.stalled)));
    clients.truncate(most);
    let describe = |client: SlowClient| {
        json!({
            "socket_id": client.socket_id.to_string(),
            "user_id": client.user_id.as_deref(),
            "unsent_bytes": client.unsent_bytes,
            "stalled_ms": millis(client.stalled),
            "subscriptions": client.subscriptions,
        })
    };
    clients.into_iter().map(describe).collect()
}

/// A parameter that is a number from 1 to `most`.
fn number(query: &Query<'_>, name: &str, default: usize, most: usize) -> Result<usize, Refusal> {
    let Some(text) = query.get(name) else { return Ok(default) };
    let number = text.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| {
        Refusal::bad_request(format!("{name} must be a whole number from 1 to {most}, not {text:?}"))
    })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
