//! What a server tells its successor, as plain data.
//!
//! Times are how long ago something was, in seconds or milliseconds: two processes have no clock in common that outlives
//! a format. Names are ids and not places in lists: the successor may have other apps, or the same in another order.

use super::watched::Watched;
use crate::config::{LifeKind, ListenAddress};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of everything here. Two servers hand over to each other only if it is the same in both; a field that may
/// be missing or passed over does not change it.
pub(crate) const FORMAT: u32 = 2;

/// The first word of the successor. Must never change: it is how two versions find out that they are two.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Hello {
    pub(crate) format: u32,
    /// Of the program, for people.
    pub(crate) version: String,
}

/// What is said after that.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Message {
    /// Old: these are the listening sockets, a descriptor each, by the address that was configured.
    Listeners(Vec<ListenAddress>),
    /// Old, before that: where those who watch it ask, as it was configured, and its descriptor. Not said if nowhere.
    Monitor(ListenAddress),
    /// Successor: everything that can fail before the state is known has succeeded.
    Prepared,
    /// Either: it cannot be, and why. The old server serves on.
    Refused(String),
    /// Old: channels of which the connections alone do not tell everything.
    Channels(Vec<ChannelState>),
    /// Old: what cache channels remember.
    Remembered(Vec<RememberedState>),
    /// Old: clients, a descriptor each.
    Connections(Vec<ConnectionState>),
    /// Old: connections that speak HTTP, a descriptor each.
    Requests(Vec<RequestState>),
    /// Old: life-cycle events that have yet to be told.
    Life(Vec<LifeState>),
    /// Old: the counters, by name.
    Counters(BTreeMap<String, u64>),
    /// Old: the histograms, by name; see [`Histogram::counts`](crate::metrics::Histogram::counts).
    Histograms(BTreeMap<String, Vec<u64>>),
    /// Old: that is all.
    End(Ending),
    /// Successor: all of it is understood and in its place; it can serve at once.
    Ready,
}

/// The only byte that is no message: after it, the successor serves.
pub(crate) const SERVE: u8 = b'S';

/// In its place: the old server serves on.
pub(crate) const KEEP: u8 = b'K';

/// How much was told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Totals {
    pub(crate) connections: usize,
    pub(crate) requests: usize,
    /// HTTP connections that nobody else can go on with: their answer is half sent.
    pub(crate) left_behind: usize,
    /// Clients that nobody else can go on with, over TLS: they will be closed, and have left by then.
    #[serde(default)]
    pub(crate) drained: usize,
}

/// The last that is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ending {
    #[serde(flatten)]
    pub(crate) totals: Totals,
    #[serde(default)]
    pub(crate) watched: Watched,
}

/// A channel.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ChannelState {
    pub(crate) app: String,
    pub(crate) name: String,
    /// Of a presence channel: ids, and how lists name them.
    pub(crate) members: Vec<(String, String)>,
    pub(crate) is_miss_told: bool,
    pub(crate) counted_ms_ago: Option<u64>,
    pub(crate) is_count_due: bool,
}

/// The last event of a cache channel.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RememberedState {
    pub(crate) app: String,
    pub(crate) channel: String,
    pub(crate) frame: Bytes,
    pub(crate) data: String,
    /// How long it will still be remembered.
    pub(crate) left_ms: u64,
}

/// One client.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ConnectionState {
    pub(crate) app: String,
    /// The client address that it counts for, if that is known.
    #[serde(default)]
    pub(crate) address: Option<u64>,
    pub(crate) is_unix: bool,
    pub(crate) socket_id: String,
    pub(crate) subscriptions: Vec<SubscriptionState>,
    pub(crate) user: Option<UserState>,
    pub(crate) is_authorized: bool,
    /// Client events of the present second, and how long ago it began.
    pub(crate) whispers: Option<(u64, u32)>,
    /// Frames that the client has yet to get; of the first, so many bytes went already.
    pub(crate) outbox: Vec<Bytes>,
    pub(crate) sent: usize,
    /// What came of a message that is not complete.
    pub(crate) unfinished: Bytes,
    /// Nothing that the client says can be trusted to be a frame.
    pub(crate) is_over: bool,
    pub(crate) has_said_goodbye: bool,
    /// For how long its socket has taken nothing.
    pub(crate) stalled_ms: Option<u64>,
    /// The rest is seconds ago.
    pub(crate) since: u32,
    pub(crate) heard: u32,
    pub(crate) pinged: Option<u32>,
    pub(crate) closing: Option<u32>,
}

/// One subscription of a client.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SubscriptionState {
    pub(crate) channel: String,
    pub(crate) user_id: Option<String>,
}

/// Whom a client is signed in as.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct UserState {
    pub(crate) id: String,
    pub(crate) info: String,
    pub(crate) watchlist: Vec<String>,
}

/// A connection that speaks HTTP, or has said nothing yet.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RequestState {
    pub(crate) is_unix: bool,
    /// What it said that nobody answered.
    pub(crate) unanswered: Bytes,
}

/// A life-cycle event that has yet to be told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum LifeState {
    /// A departure, which can be taken back for so many milliseconds.
    Departure { left_ms: u64, event: LifeRecord },
    /// An event, as JSON, that waits for an app's webhook since so many milliseconds.
    Waiting { app: String, webhook: String, json: String, age_ms: u64 },
}

/// What happened.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LifeRecord {
    pub(crate) kind: LifeKind,
    pub(crate) app: String,
    pub(crate) channel: String,
    pub(crate) user_id: Option<String>,
    pub(crate) time_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As it was before anything was kept for people who look.
    #[derive(Debug, Serialize, Deserialize)]
    enum OldMessage {
        End(Totals),
    }

    #[test]
    fn servers_that_know_nothing_of_what_is_watched_understand_the_end() {
        let totals = Totals { connections: 3, requests: 2, left_behind: 1, drained: 4 };
        let samples = vec![super::super::watched::Sample::default()];
        let ending = Ending { totals, watched: Watched { samples, ..Watched::default() } };
        let told = rmp_serde::to_vec_named(&Message::End(ending)).unwrap();
        let OldMessage::End(understood) = rmp_serde::from_slice(&told).unwrap();
        assert_eq!(understood, totals);
        let Message::End(Ending { watched, .. }) = rmp_serde::from_slice(&told).unwrap() else { panic!() };
        assert_eq!(watched.samples.len(), 1);
        let told = rmp_serde::to_vec_named(&OldMessage::End(totals)).unwrap();
        let Message::End(understood) = rmp_serde::from_slice(&told).unwrap() else { panic!() };
        assert_eq!((understood.totals, understood.watched), (totals, Watched::default()));
    }
}
