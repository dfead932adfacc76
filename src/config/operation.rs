//! Settings of whoever runs the server: what it tells of itself, and how it ends.

use super::Secret;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
}

/// What is written into the log: this and everything that is worse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", rename_all = "lowercase")]
pub enum LogLevel {
    /// What ends the server.
    Error,
    /// What somebody should look at.
    Warn,
    /// Beginnings and ends, too.
    #[default]
    Info,
    /// Each connect, subscribe and event, too.
    Debug,
    /// Everything but payloads.
    Trace,
}

/// Reads one of the names that a setting can have.
fn one_of<T: Copy>(setting: &str, names: &[(&str, T)], text: &str) -> Result<T, String> {
    names.iter().find(|(name, _)| *name == text).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        format!("{setting} must be {}, not {text:?}", names.join(", "))
    })
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        one_of("log_format", &[("text", Self::Text), ("json", Self::Json)], text)
    }
}

impl LogLevel {
    const NAMES: [(&'static str, Self); 5] = [
        ("error", Self::Error),
        ("warn", Self::Warn),
        ("info", Self::Info),
        ("debug", Self::Debug),
        ("trace", Self::Trace),
    ];
}

impl FromStr for LogLevel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        one_of("log_level", &Self::NAMES, text)
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAMES.iter().find(|(_, level)| level == self).map_or("info", |(name, _)| name))
    }
}

impl TryFrom<String> for LogFormat {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl TryFrom<String> for LogLevel {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// Seconds over which a server that stops closes its clients; 0 is at once.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u32")]
pub struct DrainSeconds(pub(super) u32);

impl TryFrom<u32> for DrainSeconds {
    type Error = String;

    fn try_from(seconds: u32) -> Result<Self, String> {
        if seconds <= 3_600 {
            Ok(Self(seconds))
        } else {
            Err(format!("drain_seconds must be 0 (at once) to 3600, not {seconds}"))
        }
    }
}

/// Says what is wrong with a `metrics_token`, without repeating it.
pub(super) fn check_token(token: &Secret) -> Result<(), String> {
    const SHORTEST: usize = 16;
    let token = token.reveal();
    if token.len() < SHORTEST {
        return Err(format!("metrics_token must have {SHORTEST} characters or more, or it can be guessed"));
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(
            "metrics_token must be made of visible ASCII characters: it goes into a header".to_owned()
        );
    }
    Ok(())
}
