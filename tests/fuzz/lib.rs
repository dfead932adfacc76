//! What the fuzz targets share: looking into what the server would send or print.

use canyon::config::{Config, Settings};
use canyon::protocol::signature::{sign, verify_subscription};
use canyon::protocol::{EncodedFrame, ErrorReply, frame};
use serde_json::Value;

/// The payload of a server's frame.
#[must_use]
pub fn payload(frame: &EncodedFrame) -> &[u8] {
    let (start, length) = match frame[1] {
        126 => (4, usize::from(u16::from_be_bytes([frame[2], frame[3]]))),
        127 => (10, usize::try_from(u64::from_be_bytes(frame[2..10].try_into().unwrap())).unwrap()),
        length => (2, usize::from(length)),
    };
    assert_eq!(frame.len(), start + length, "the header says how long the frame is");
    &frame[start..]
}

/// The JSON of a text frame, `None` where a user's own data in it is more than serde_json's `Value` takes.
#[must_use]
pub fn sent(frame: &EncodedFrame) -> Option<Value> {
    assert_eq!(frame[0], 0x81, "a whole text message");
    value(std::str::from_utf8(payload(frame)).expect("text frames are UTF-8"))
}

/// The messages of a refusal, which hold foreign text at most as a string.
#[must_use]
pub fn refused(reply: &ErrorReply) -> Vec<Value> {
    frame::error_reply(reply).map(|frame| sent(&frame).expect("strings are no problem for Value")).collect()
}

/// Parsed JSON. `None` where it nests too deep, holds a number too large or half a surrogate pair: `Value` takes none
/// of these, though they are JSON.
#[must_use]
pub fn value(text: &str) -> Option<Value> {
    match serde_json::from_str(text) {
        Ok(value) => Some(value),
        Err(error) => {
            let reason = error.to_string();
            let is_limit = ["recursion limit", "number out of range", "surrogate", "hex escape"]
                .iter()
                .any(|limit| reason.contains(limit));
            assert!(is_limit, "not JSON: {reason}: {text:?}");
            None
        }
    }
}

/// Settles what was understood, and checks that `canyon check` prints a configuration that means the same.
pub fn settle(settings: Settings) {
    let Ok(config) = settings.settle() else { return };
    assert!(!config.apps.is_empty());
    for app in &config.apps {
        assert!(app.queue.is_some() && !app.id.is_empty() && !app.secret.reveal().is_empty());
        let secret = app.secret.reveal();
        let auth = format!("{}:{}", app.key, sign(secret, &["1.1:private-a"]));
        verify_subscription((&app.key, secret), &auth, "1.1", "private-a", None)
            .expect("a key that can sign");
        let _ = app.allowed_origins.allow(Some("https://example.com:8443"));
    }
    let meaning = meaning(&config);
    let toml = toml::to_string(&config).expect("a configuration has a TOML form");
    let json = serde_json::to_string(&config).expect("a configuration has a JSON form");
    for (text, read) in [
        (&toml, Settings::from_toml(&toml, &"what was printed")),
        (&json, Settings::from_json(&json, "what was printed")),
    ] {
        let again = read.and_then(Settings::settle).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(self::meaning(&again), meaning, "{text}");
    }
}

/// A configuration as a value to compare; the order of a webhook's headers means nothing.
fn meaning(config: &Config) -> Value {
    serde_json::to_value(config).expect("a configuration has a JSON form")
}
