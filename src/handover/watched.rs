//! What is kept for people who look, as plain data. All of it may be missing or passed over: charts can bear that.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that is kept for people who look.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Watched {
    /// Oldest first.
    pub(crate) samples: Vec<Sample>,
    /// Ids of the apps, in the order in which samples have their levels.
    pub(crate) apps: Vec<String>,
    /// The counters at the last sample, by name: what came since belongs to the next one.
    pub(crate) counted: BTreeMap<String, u64>,
    /// By app id, oldest first.
    pub(crate) refusals: BTreeMap<String, Vec<Refusal>>,
}

/// What a second was like. Counts are those of the second, everything else is what it was at its end.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Sample {
    /// Its end, in milliseconds since 1970.
    pub(crate) time_ms: u64,
    /// In the order of the apps.
    pub(crate) apps: Vec<Levels>,
    pub(crate) counts: Counts,
    /// What waits in the queues; `None` if that cannot be seen.
    pub(crate) queue: Option<Waiting>,
    /// Bytes that wait for workers.
    pub(crate) inbox_bytes: u64,
    /// Of a hundred turns of workers 99 were not longer.
    pub(crate) turn_us_p99: Option<u64>,
    /// By worker, the share of the second in which its thread used a processor, from 0 to 1.
    pub(crate) worker_load: Vec<Option<f64>>,
}

/// What there was of one app.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Levels {
    pub(crate) connections: u64,
    pub(crate) subscriptions: u64,
    pub(crate) channels: u64,
    pub(crate) users: u64,
}

/// What happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Counts {
    pub(crate) events_from_queue: u64,
    pub(crate) events_from_http: u64,
    pub(crate) events_from_clients: u64,
    pub(crate) deliveries: u64,
    pub(crate) delivered_bytes: u64,
    pub(crate) dropped: u64,
    pub(crate) refused: u64,
    pub(crate) slow_clients_closed: u64,
}

/// What waits in queues.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Waiting {
    pub(crate) events: u64,
    pub(crate) bytes: u64,
    /// How long the oldest event has waited.
    pub(crate) age_ms: u64,
}

/// Something that somebody was refused, or lost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Refusal {
    /// Grows from one to the next.
    pub(crate) id: u64,
    /// When it happened last, in milliseconds since 1970.
    pub(crate) time_ms: u64,
    /// What was refused, in one word.
    pub(crate) what: String,
    /// Of the Pusher protocol or of HTTP.
    pub(crate) code: Option<u16>,
    pub(crate) why: String,
    pub(crate) channel: Option<String>,
    pub(crate) socket_id: Option<String>,
    /// How often it happened in a row.
    pub(crate) count: u64,
}
