//! The limits that somebody can meet, and how often somebody did.

use super::Counter;

/// Declares the limits with the names under which they are counted and told.
macro_rules! limits {
    ($($(#[$doc:meta])* $limit:ident = $name:literal,)*) => {
        /// A limit, by the setting that moves it if there is one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Limit {
            $($(#[$doc])* $limit,)*
        }

        impl Limit {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$limit,)*];

            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();

            /// Its name in the settings, the log and the metrics.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$limit => $name,)*
                }
            }

            /// The name of its counter among all others.
            pub(super) fn counter_name(self) -> &'static str {
                match self {
                    $(Self::$limit => concat!("limit_", $name),)*
                }
            }
        }
    };
}

limits! {
    /// Connections of an app.
    MaxConnections = "max_connections",
    /// Connections of a client address.
    MaxConnectionsPerAddress = "max_connections_per_address",
    /// New connections of a client address.
    ConnectsPerSecondPerAddress = "connects_per_second_per_address",
    /// Frames of a connection.
    MaxFramesPerSecond = "max_frames_per_second",
    /// Bytes of a connection.
    MaxBytesPerSecond = "max_bytes_per_second",
    /// Client events of a connection.
    ClientEventRate = "client_event_rate",
    /// Channels of a connection.
    MaxSubscriptionsPerConnection = "max_subscriptions_per_connection",
    /// What waits for all clients together.
    MaxOutboxBytes = "max_outbox_bytes",
    /// Size of a message of a client.
    MessageBytes = "message_bytes",
    /// Time for a TLS handshake, and for the head of a request.
    HandshakeTimeout = "handshake_timeout",
    /// Size of the head of a request.
    HeaderBytes = "header_bytes",
    /// Size of the body of a request.
    BodyBytes = "body_bytes",
    /// Files that the process may have open.
    OpenFiles = "open_files",
}

/// How often somebody met each limit.
#[derive(Debug, Default)]
pub struct LimitCounters([Counter; Limit::COUNT]);

impl LimitCounters {
    /// The counter of a limit.
    #[must_use]
    pub fn of(&self, limit: Limit) -> &Counter {
        &self.0[limit as usize]
    }

    /// Each with the name of its counter.
    pub(super) fn named(&self) -> impl Iterator<Item = (&'static str, &Counter)> {
        Limit::ALL.iter().map(|limit| (limit.counter_name(), self.of(*limit)))
    }
}
