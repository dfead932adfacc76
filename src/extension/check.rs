//! What may be published: names and sizes, checked at the call, so that the mistake shows where it is made.

use std::fmt;

use super::ini::Settings;
use crate::protocol::channel::{self, InvalidName};

/// The most channels that one event can name. The hosted service takes 100; nothing here costs more with more.
pub(super) const MAX_CHANNELS: usize = 10_000;

/// The longest name of an event, in characters.
const MAX_EVENT_NAME: usize = 200;

/// Checks a channel's name.
#[inline]
pub(super) fn channel(name: &[u8], settings: &Settings) -> Result<(), String> {
    channel::validate(name, settings.max_channel_length).map_err(|why| refused_channel(name, why))
}

#[cold]
fn refused_channel(name: &[u8], why: InvalidName) -> String {
    let shown = Shown(name);
    match why {
        InvalidName::Character(_) if std::str::from_utf8(name).is_err() => {
            format!("the channel name {shown} is not UTF-8")
        }
        InvalidName::TooLong(limit) => format!(
            "the channel name {shown} has {} bytes, and the limit is {limit} (canyon.max_channel_length)",
            name.len()
        ),
        why => format!("the channel name {shown} is not allowed: {why}"),
    }
}

/// Checks the number of channels.
pub(super) fn channels(count: usize) -> Result<(), String> {
    match count {
        0 => Err("no channel is given: at least one is needed".to_owned()),
        1..=MAX_CHANNELS => Ok(()),
        _ => Err(format!("{count} channels are given, and the limit is {MAX_CHANNELS}")),
    }
}

/// Checks an event's name.
#[inline]
pub(super) fn event_name(name: &[u8]) -> Result<(), String> {
    let is_reserved = name.starts_with(b"pusher:") || name.starts_with(b"pusher_internal:");
    // A name of ASCII has as many characters as bytes; looking closer is for the others.
    if name.is_ascii() && (1..=MAX_EVENT_NAME).contains(&name.len()) && !is_reserved {
        return Ok(());
    }
    unusual_event_name(name, is_reserved)
}

#[cold]
fn unusual_event_name(name: &[u8], is_reserved: bool) -> Result<(), String> {
    let shown = Shown(name);
    let Ok(text) = std::str::from_utf8(name) else {
        return Err(format!("the event name {shown} is not UTF-8"));
    };
    if is_reserved {
        return Err(format!(
            "the event name {shown} is not allowed: names that begin with pusher: or pusher_internal: are the protocol's own"
        ));
    }
    match text.chars().count() {
        0 => Err("the event name is empty".to_owned()),
        1..=MAX_EVENT_NAME => Ok(()),
        count => {
            Err(format!("the event name {shown} has {count} characters, and the limit is {MAX_EVENT_NAME}"))
        }
    }
}

/// Checks an event's data.
#[inline]
pub(super) fn data(data: &[u8], settings: &Settings) -> Result<(), String> {
    // json_encode() writes ASCII unless told otherwise.
    let is_utf8 = || data.is_ascii() || simdutf8::basic::from_utf8(data).is_ok();
    if data.len() <= settings.max_event_bytes && is_utf8() {
        return Ok(());
    }
    Err(refused_data(data, settings))
}

#[cold]
fn refused_data(data: &[u8], settings: &Settings) -> String {
    if data.len() > settings.max_event_bytes {
        return format!(
            "the data has {} bytes, and the limit is {} (canyon.max_event_bytes); send an id and let the client fetch the \
             rest, or raise the limit here and in the server",
            data.len(),
            settings.max_event_bytes
        );
    }
    let valid = std::str::from_utf8(data).map_or_else(|error| error.valid_up_to(), str::len);
    format!(
        "the data {} is not UTF-8 (at byte {valid}); encode binary data, for example with base64_encode()",
        Shown(data)
    )
}

/// Checks a socket id: two numbers with a point between.
#[inline]
pub(super) fn socket_id(id: &[u8]) -> Result<(), String> {
    let number = |part: &[u8]| (1..=20).contains(&part.len()) && part.iter().all(u8::is_ascii_digit);
    let mut parts = id.splitn(2, |byte| *byte == b'.');
    if parts.next().is_some_and(number) && parts.next().is_some_and(number) {
        return Ok(());
    }
    Err(format!("the socket id {} is none: it has the form 1234.5678", Shown(id)))
}

/// Checks an application's id, and the path of a queue: neither may be empty or hold a NUL.
pub(super) fn plain(what: &str, value: &[u8]) -> Result<(), String> {
    if value.is_empty() {
        return Err(format!("the {what} is empty"));
    }
    if value.contains(&0) {
        return Err(format!("the {what} {} holds a NUL byte", Shown(value)));
    }
    match std::str::from_utf8(value) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("the {what} {} is not UTF-8", Shown(value))),
    }
}

/// A value in a message: quoted, escaped and short.
#[derive(Debug)]
struct Shown<'a>(&'a [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 40;
        let start = &self.0[..self.0.len().min(4 * LONGEST)];
        let text = String::from_utf8_lossy(start);
        let short: String = text.chars().take(LONGEST).collect();
        let more = if short.len() < text.len() || start.len() < self.0.len() { "..." } else { "" };
        write!(f, "\"{}{more}\"", short.escape_debug())
    }
}
