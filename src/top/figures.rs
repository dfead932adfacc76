//! What a server answers about itself.

use clap::ValueEnum;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::fmt;

/// The order of the channels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Sort {
    /// Those with the most events of a second first.
    #[default]
    Events,
    /// Those whose events were delivered most often.
    Deliveries,
    /// Those with the most subscribers.
    Subscribers,
}

impl Sort {
    /// The one after this.
    pub(super) fn next(self) -> Self {
        match self {
            Self::Events => Self::Deliveries,
            Self::Deliveries => Self::Subscribers,
            Self::Subscribers => Self::Events,
        }
    }
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Events => "events",
            Self::Deliveries => "deliveries",
            Self::Subscribers => "subscribers",
        })
    }
}

/// The answer of `/apps/{id}/top`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Top {
    pub(super) version: String,
    pub(super) uptime_ms: Option<f64>,
    /// `None` before the server's first second is over.
    pub(super) sample: Option<Sample>,
    pub(super) channels: Vec<Channel>,
    /// Those whose sockets are full.
    pub(super) clients: Vec<Client>,
    /// The newest at the end.
    pub(super) refusals: Vec<Refusal>,
    /// For how long the events of single channels have been counted.
    pub(super) watching_ms: Option<f64>,
}

/// One second of a server. Levels are those at its end, counts those of that second; `None` is not known.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Sample {
    pub(super) time_ms: u64,
    pub(super) connections: Option<f64>,
    pub(super) subscriptions: Option<f64>,
    pub(super) channels: Option<f64>,
    pub(super) users: Option<f64>,
    pub(super) events_from_queue: Option<f64>,
    pub(super) events_from_http: Option<f64>,
    pub(super) events_from_clients: Option<f64>,
    pub(super) deliveries: Option<f64>,
    pub(super) delivered_bytes: Option<f64>,
    pub(super) dropped: Option<f64>,
    pub(super) refused: Option<f64>,
    pub(super) slow_clients_closed: Option<f64>,
    pub(super) queue_events: Option<f64>,
    pub(super) queue_age_ms: Option<f64>,
    pub(super) inbox_bytes: Option<f64>,
    pub(super) turn_us_p99: Option<f64>,
    /// The share of the second in which each worker used its processor, 0 to 1.
    pub(super) worker_load: Option<Vec<Option<f64>>>,
}

/// A channel, and what happened on it in the last second.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Channel {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) subscriptions: Option<f64>,
    pub(super) members: Option<f64>,
    pub(super) events: Option<f64>,
    pub(super) deliveries: Option<f64>,
    pub(super) bytes: Option<f64>,
}

impl Channel {
    /// What it is sorted by.
    pub(super) fn rank(&self, sort: Sort) -> f64 {
        let figure = match sort {
            Sort::Events => self.events,
            Sort::Deliveries => self.deliveries,
            Sort::Subscribers => self.subscriptions,
        };
        figure.unwrap_or_default()
    }
}

/// A client whose socket is full.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Client {
    pub(super) socket_id: String,
    pub(super) user_id: Option<String>,
    pub(super) unsent_bytes: Option<f64>,
    pub(super) stalled_ms: Option<f64>,
    pub(super) subscriptions: Option<f64>,
}

/// What somebody was refused, and why.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Refusal {
    pub(super) time_ms: u64,
    pub(super) what: String,
    pub(super) code: Option<u32>,
    pub(super) why: String,
    pub(super) channel: Option<String>,
    pub(super) socket_id: Option<String>,
    pub(super) count: Option<u64>,
}

/// The answer of `/apps/{id}/history`: samples as rows of a table, oldest first.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct History {
    fields: Vec<String>,
    samples: Vec<Vec<Value>>,
}

impl History {
    /// The samples that can be understood.
    pub(super) fn samples(self) -> impl Iterator<Item = Sample> {
        let Self { fields, samples } = self;
        samples.into_iter().filter_map(move |row| {
            let by_name: Map<String, Value> = fields.iter().cloned().zip(row).collect();
            serde_json::from_value(by_name.into()).ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_history_become_samples_whatever_fields_there_are() {
        let history: History = serde_json::from_str(
            r#"{"interval_ms":1000,"workers":2,"fields":["time_ms","deliveries","of tomorrow","queue_age_ms","worker_load"],
                "samples":[[1000,5,true,null,[0.5,null]],["not a time"],[2000,6,false,3.5,null]]}"#,
        )
        .unwrap();
        let samples: Vec<Sample> = history.samples().collect();
        let first = Sample {
            time_ms: 1000,
            deliveries: Some(5.0),
            worker_load: Some(vec![Some(0.5), None]),
            ..Sample::default()
        };
        let second =
            Sample { time_ms: 2000, deliveries: Some(6.0), queue_age_ms: Some(3.5), ..Sample::default() };
        assert_eq!(samples, [first, second]);
    }

    #[test]
    fn a_server_in_its_first_second_has_little_to_say() {
        let top: Top = serde_json::from_str(r#"{"version":"9","sample":null,"watching_ms":0}"#).unwrap();
        assert!(top.sample.is_none() && top.channels.is_empty());
        assert_eq!((top.version.as_str(), top.watching_ms), ("9", Some(0.0)));
    }
}
