//! The settings of one application.

use super::{Seconds, Secret};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::str::FromStr;

/// One `[[app]]` of the configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppConfig {
    /// Names the app in the path of the HTTP API and in queue records.
    #[serde(deserialize_with = "not_empty")]
    pub id: String,
    /// Public: stands in the clients' URL and in their signatures.
    #[serde(deserialize_with = "not_empty")]
    pub key: String,
    /// Signs subscriptions and HTTP requests.
    #[serde(deserialize_with = "secret")]
    pub secret: Secret,
    /// Queue directory; several apps may share one.
    #[serde(default)]
    pub queue: Option<PathBuf>,
    /// Who may send client events (whispers).
    #[serde(default)]
    pub client_events: ClientEvents,
    /// Connections at one time; 0 is no limit.
    #[serde(default)]
    pub max_connections: usize,
    /// Largest `data` of an event, in bytes; 10240 reproduces the hosted service.
    #[serde(default = "default_max_event_bytes", deserialize_with = "event_bytes")]
    pub max_event_bytes: usize,
    /// Seconds of silence after which either side asks whether the other is alive.
    #[serde(default = "default_activity_timeout", deserialize_with = "seconds")]
    pub activity_timeout: u32,
    /// Origins of the pages that may connect.
    #[serde(default)]
    pub allowed_origins: Origins,
}

/// Largest `max_event_bytes` that may be configured: half of what a publisher may have waiting outside its ring.
const EVENT_BYTES_CEILING: usize = 4 << 20;

impl AppConfig {
    /// An app with default settings.
    #[must_use]
    pub fn new(id: String, key: String, secret: Secret) -> Self {
        Self {
            id,
            key,
            secret,
            queue: None,
            client_events: ClientEvents::default(),
            max_connections: 0,
            max_event_bytes: default_max_event_bytes(),
            activity_timeout: default_activity_timeout(),
            allowed_origins: Origins::default(),
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

fn default_max_event_bytes() -> usize {
    1 << 20
}

/// Under the 60 s after which nginx's `proxy_read_timeout` would cut a silent connection.
fn default_activity_timeout() -> u32 {
    50
}

fn not_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c == '/') {
        return Err(serde::de::Error::custom(format!(
            "{text:?} must not be empty nor hold spaces or slashes"
        )));
    }
    Ok(text)
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

fn event_bytes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let bytes = usize::deserialize(deserializer)?;
    if (1..=EVENT_BYTES_CEILING).contains(&bytes) {
        Ok(bytes)
    } else {
        let message = format!("max_event_bytes must be 1 to {EVENT_BYTES_CEILING}, not {bytes}");
        Err(serde::de::Error::custom(message))
    }
}
