//! The settings of one application.

use super::{Seconds, Secret, WebhookConfig};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::str::FromStr;

/// One `[[app]]` of the configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppConfig {
    /// Names the app in the path of the HTTP API and in queue records.
    #[serde(deserialize_with = "name")]
    pub id: String,
    /// Public: stands in the clients' URL and in their signatures.
    #[serde(deserialize_with = "name")]
    pub key: String,
    /// Signs subscriptions and HTTP requests.
    #[serde(deserialize_with = "secret")]
    pub secret: Secret,
    /// Queue directory; several apps may share one.
    #[serde(default)]
    pub queue: Option<PathBuf>,
    /// Whether the app is served at all: clients of one that is not are closed with 4003, its API answers 403.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whether clients must come over TLS, here or at a trusted proxy; others are closed with 4000.
    #[serde(default)]
    pub requires_tls: bool,
    /// Who may send client events (whispers).
    #[serde(default)]
    pub client_events: ClientEvents,
    /// Client events that a connection may send in a second; 0 is no limit, 10 that of the hosted service.
    #[serde(default = "default_client_event_rate")]
    pub client_event_rate: u32,
    /// Whether the number of subscriptions of a channel is told to its subscribers.
    #[serde(default)]
    pub subscription_counts: bool,
    /// Whether clients may sign in as users.
    #[serde(default = "yes")]
    pub user_authentication: bool,
    /// Whether users are told when those they watch come and go.
    #[serde(default)]
    pub watchlist: bool,
    /// Seconds that a client has to sign in or to subscribe to a private or presence channel; 0 is no limit.
    #[serde(default, deserialize_with = "seconds_or_none")]
    pub authorization_timeout: u32,
    /// Connections at one time; 0 is no limit.
    #[serde(default)]
    pub max_connections: usize,
    /// Channels that a connection may be subscribed to at one time; 0 is no limit.
    #[serde(default = "default_max_subscriptions_per_connection")]
    pub max_subscriptions_per_connection: usize,
    /// Largest `data` of an event, in bytes; 10240 reproduces the hosted service.
    #[serde(default = "default_max_event_bytes", deserialize_with = "event_bytes")]
    pub max_event_bytes: usize,
    /// Channels that one event can be sent to over the HTTP API.
    #[serde(default = "default_max_channels_per_event", deserialize_with = "at_least_one")]
    pub max_channels_per_event: usize,
    /// Events in one batch of the HTTP API.
    #[serde(default = "default_max_batch_size", deserialize_with = "batch_size")]
    pub max_batch_size: usize,
    /// Longest channel name, prefix included; 164 is that of the hosted service.
    #[serde(default = "default_max_channel_name_length", deserialize_with = "name_length")]
    pub max_channel_name_length: usize,
    /// Members of one presence channel; 100 reproduces the hosted service.
    #[serde(default = "default_max_presence_members", deserialize_with = "at_least_one")]
    pub max_presence_members: usize,
    /// Largest `user_info` of a member, in bytes; 1024 reproduces the hosted service.
    #[serde(default = "default_max_presence_bytes", deserialize_with = "at_least_one")]
    pub max_presence_bytes: usize,
    /// Seconds of silence after which either side asks whether the other is alive.
    #[serde(default = "default_activity_timeout", deserialize_with = "seconds")]
    pub activity_timeout: u32,
    /// Origins of the pages that may connect.
    #[serde(default)]
    pub allowed_origins: Origins,
    /// Where life-cycle events are posted.
    #[serde(default)]
    pub webhooks: Vec<WebhookConfig>,
}

/// Largest `max_event_bytes` that may be configured: half of what a publisher may have waiting outside its ring.
const EVENT_BYTES_CEILING: usize = 4 << 20;

/// Largest `max_batch_size` that may be configured: the largest body of a request is computed from it.
const BATCH_SIZE_CEILING: usize = 1000;

/// What the server libraries of the hosted service take at most.
const LONGEST_CHANNEL_NAME: usize = 200;

impl AppConfig {
    /// An app with default settings.
    #[must_use]
    pub fn new(id: String, key: String, secret: Secret) -> Self {
        Self {
            id,
            key,
            secret,
            queue: None,
            enabled: true,
            requires_tls: false,
            client_events: ClientEvents::default(),
            client_event_rate: default_client_event_rate(),
            subscription_counts: false,
            user_authentication: true,
            watchlist: false,
            authorization_timeout: 0,
            max_connections: 0,
            max_subscriptions_per_connection: default_max_subscriptions_per_connection(),
            max_event_bytes: default_max_event_bytes(),
            max_channels_per_event: default_max_channels_per_event(),
            max_batch_size: default_max_batch_size(),
            max_channel_name_length: default_max_channel_name_length(),
            max_presence_members: default_max_presence_members(),
            max_presence_bytes: default_max_presence_bytes(),
            activity_timeout: default_activity_timeout(),
            allowed_origins: Origins::default(),
            webhooks: Vec::new(),
        }
    }
}

impl FromStr for AppConfig {
    type Err = String;

    /// Reads `ID:KEY:SECRET`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.splitn(3, ':').collect::<Vec<_>>()[..] {
            [id, key, secret] if ![id, key, secret].contains(&"") => {
                Ok(Self::new(id.into(), key.into(), Secret::new(secret.into())))
            }
            _ => Err("an app is given as ID:KEY:SECRET".to_owned()),
        }
    }
}

/// Who may send client events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientEvents {
    /// Subscribers of the private or presence channel, as the protocol has it.
    #[default]
    Members,
    /// Nobody.
    Off,
}

/// The origins from which browsers may connect.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Origins(Vec<String>);

impl Default for Origins {
    fn default() -> Self {
        Self(vec!["*".to_owned()])
    }
}

impl Origins {
    /// Whether a page of `origin` (the header's value, if there is one) may connect.
    ///
    /// A pattern is `*`, a host (`example.com`), a host with a wildcard (`*.example.com`), or a whole origin
    /// (`https://example.com:8443`). Clients that are no browsers send no origin: only `*` lets them in.
    #[must_use]
    pub fn allow(&self, origin: Option<&str>) -> bool {
        let host = origin.map(host_of);
        self.0.iter().any(|pattern| match (pattern.as_str(), origin, host) {
            ("*", _, _) => true,
            (pattern, Some(origin), Some(host)) => {
                let pattern = pattern.to_ascii_lowercase();
                if pattern.contains("://") {
                    pattern == origin.to_ascii_lowercase()
                } else if let Some(domain) = pattern.strip_prefix("*.") {
                    host.to_ascii_lowercase().strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
                } else {
                    pattern == host.to_ascii_lowercase()
                }
            }
            _ => false,
        })
    }
}

/// `https://[::1]:8080` → `[::1]`.
fn host_of(origin: &str) -> &str {
    let authority = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    let end = if authority.starts_with('[') {
        authority.find(']').map_or(authority.len(), |end| end + 1)
    } else {
        authority.find([':', '/']).unwrap_or(authority.len())
    };
    &authority[..end]
}

fn yes() -> bool {
    true
}

/// A cursor that is shared at the rate of a screen.
fn default_client_event_rate() -> u32 {
    60
}

/// Half of what may be subscribed to at once with the default `max_frames_per_second`, or a client that comes back with all
/// its channels would be hung up on.
fn default_max_subscriptions_per_connection() -> usize {
    5_000
}

fn default_max_channels_per_event() -> usize {
    100
}

fn default_max_batch_size() -> usize {
    10
}

fn default_max_channel_name_length() -> usize {
    164
}

fn default_max_presence_members() -> usize {
    10_000
}

fn default_max_presence_bytes() -> usize {
    10_240
}

fn default_max_event_bytes() -> usize {
    1 << 20
}

/// Under the 60 s after which nginx's `proxy_read_timeout` would cut a silent connection.
fn default_activity_timeout() -> u32 {
    50
}

fn name<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    check_name(&text).map_err(serde::de::Error::custom)?;
    Ok(text)
}

/// Checks the id or key of an app: both stand in URLs as they are, the key before the colon of a signature, the id at
/// the end of a folder's name.
pub(super) fn check_name(text: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_graphic() && !"/:?#%".contains(c);
    match text {
        "" => Err("it must not be empty".to_owned()),
        "." | ".." => Err(format!("{text:?} cannot be the name of a folder")),
        _ if text.chars().all(allowed) => Ok(()),
        _ => Err(format!("{text:?} must be visible ASCII characters, without any of / : ? # %")),
    }
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    let secret = Secret::deserialize(deserializer)?;
    if secret.reveal().is_empty() {
        return Err(serde::de::Error::custom("the secret must not be empty"));
    }
    Ok(secret)
}

fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    Seconds::deserialize(deserializer).map(|seconds| seconds.0)
}

fn seconds_or_none<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        0 => Ok(0),
        seconds => Seconds::try_from(seconds).map(|seconds| seconds.0).map_err(serde::de::Error::custom),
    }
}

fn at_least_one<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    match usize::deserialize(deserializer)? {
        0 => Err(serde::de::Error::custom("must be at least 1")),
        limit => Ok(limit),
    }
}

fn batch_size<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let events = usize::deserialize(deserializer)?;
    if (1..=BATCH_SIZE_CEILING).contains(&events) {
        Ok(events)
    } else {
        let message = format!("max_batch_size must be 1 to {BATCH_SIZE_CEILING}, not {events}");
        Err(serde::de::Error::custom(message))
    }
}

fn name_length<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let length = usize::deserialize(deserializer)?;
    if (1..=LONGEST_CHANNEL_NAME).contains(&length) {
        Ok(length)
    } else {
        let message = format!("max_channel_name_length must be 1 to {LONGEST_CHANNEL_NAME}, not {length}");
        Err(serde::de::Error::custom(message))
    }
}

fn event_bytes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let bytes = usize::deserialize(deserializer)?;
    if (1..=EVENT_BYTES_CEILING).contains(&bytes) {
        Ok(bytes)
    } else {
        let message = format!("max_event_bytes must be 1 to {EVENT_BYTES_CEILING}, not {bytes}");
        Err(serde::de::Error::custom(message))
    }
}
