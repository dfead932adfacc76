//! What may be published: names and sizes, checked at the call, so that the mistake shows where it is made.

use std::fmt;

use crate::protocol::channel::{self, InvalidName};

/// The most channels that one event can name. The hosted service takes 100; nothing here costs more with more.
pub const MAX_CHANNELS: usize = 10_000;

/// The longest data of an event unless configured; the server's default is the same.
pub const EVENT_BYTES: usize = 1024 * 1024;

/// A limit, and what the setting is called that raises it: each way to publish has names of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// The largest value allowed.
    pub most: usize,
    /// The setting.
    pub setting: &'static str,
}

/// The limits that a publisher can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of an event's data.
    pub event_bytes: Limit,
    /// Bytes of a channel's name.
    pub channel_length: Limit,
}

/// The longest name of an event, in characters.
const MAX_EVENT_NAME: usize = 200;

/// Checks a channel's name.
#[inline]
pub fn channel(name: &[u8], limits: &Limits) -> Result<(), String> {
    channel::validate(name, limits.channel_length.most).map_err(|why| refused_channel(name, why, limits))
}

#[cold]
fn refused_channel(name: &[u8], why: InvalidName, limits: &Limits) -> String {
    let shown = Shown(name);
    match why {
        InvalidName::Character(_) if std::str::from_utf8(name).is_err() => {
            format!("the channel name {shown} is not UTF-8")
        }
        InvalidName::TooLong(limit) => format!(
            "the channel name {shown} has {} bytes, and the limit is {limit} ({})",
            name.len(),
            limits.channel_length.setting
        ),
        why => format!("the channel name {shown} is not allowed: {why}"),
    }
}

/// Checks the number of channels.
pub fn channels(count: usize) -> Result<(), String> {
    match count {
        0 => Err("no channel is given: at least one is needed".to_owned()),
        1..=MAX_CHANNELS => Ok(()),
        _ => Err(format!("{count} channels are given, and the limit is {MAX_CHANNELS}")),
    }
}

/// Checks an event's name.
#[inline]
pub fn event_name(name: &[u8]) -> Result<(), String> {
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
pub fn data(data: &[u8], limits: &Limits) -> Result<(), String> {
    // json_encode() writes ASCII unless told otherwise.
    let is_utf8 = || data.is_ascii() || simdutf8::basic::from_utf8(data).is_ok();
    if data.len() <= limits.event_bytes.most && is_utf8() {
        return Ok(());
    }
    Err(refused_data(data, limits.event_bytes))
}

#[cold]
fn refused_data(data: &[u8], Limit { most, setting }: Limit) -> String {
    if data.len() > most {
        return format!(
            "the data has {} bytes, and the limit is {most} ({setting}); send an id and let the client fetch the rest, or \
             raise the limit here and in the server",
            data.len(),
        );
    }
    let valid = std::str::from_utf8(data).map_or_else(|error| error.valid_up_to(), str::len);
    format!(
        "the data {} is not UTF-8 (at byte {valid}); encode binary data, for example as base64",
        Shown(data)
    )
}

/// Checks a socket id: two numbers with a point between.
#[inline]
pub fn socket_id(id: &[u8]) -> Result<(), String> {
    let number = |part: &[u8]| (1..=20).contains(&part.len()) && part.iter().all(u8::is_ascii_digit);
    let mut parts = id.splitn(2, |byte| *byte == b'.');
    if parts.next().is_some_and(number) && parts.next().is_some_and(number) {
        return Ok(());
    }
    Err(format!("the socket id {} is none: it has the form 1234.5678", Shown(id)))
}

/// Checks an application's id, and the path of a queue: neither may be empty or hold a NUL.
pub fn plain(what: &str, value: &[u8]) -> Result<(), String> {
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

/// Reads a number of bytes: digits, and K, M or G behind them as in php.ini.
pub fn size(text: &str, least: usize, most: usize) -> Result<usize, String> {
    let (digits, unit) = match text.char_indices().next_back() {
        Some((at, 'k' | 'K')) => (&text[..at], 1 << 10),
        Some((at, 'm' | 'M')) => (&text[..at], 1 << 20),
        Some((at, 'g' | 'G')) => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let bytes =
        digits.parse::<usize>().ok().filter(|_| all_digits).and_then(|number| number.checked_mul(unit));
    bytes
        .filter(|bytes| (least..=most).contains(bytes))
        .ok_or_else(|| format!("must be a number from {least} to {most}; K, M and G may stand behind it"))
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

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        event_bytes: Limit { most: 10, setting: "max_event_bytes" },
        channel_length: Limit { most: 164, setting: "max_channel_length" },
    };

    #[test]
    fn names_are_checked_to_the_last_byte() {
        for name in ["lobby", "private-a", "#server-to-user-7", &"x".repeat(164)] {
            assert_eq!(channel(name.as_bytes(), &LIMITS), Ok(()), "{name}");
        }
        let refused = |name: &[u8]| channel(name, &LIMITS).unwrap_err();
        assert_eq!(refused(b""), "the channel name \"\" is not allowed: it is empty");
        assert!(refused(b"a b").contains("' ' is not one of"));
        assert!(refused(b"a\xff").ends_with("is not UTF-8"));
        assert!(refused(&[b'x'; 165]).contains("has 165 bytes, and the limit is 164 (max_channel_length)"));
    }

    #[test]
    fn long_event_names_are_counted_in_characters() {
        assert_eq!(event_name("ä".repeat(200).as_bytes()), Ok(()));
        assert!(event_name("ä".repeat(201).as_bytes()).unwrap_err().contains("has 201 characters"));
        for name in ["", "pusher:ping", "pusher_internal:x"] {
            assert!(event_name(name.as_bytes()).is_err(), "{name}");
        }
        assert_eq!(event_name(b"pusher.ping"), Ok(()));
    }

    #[test]
    fn too_much_data_is_refused_with_both_sizes_and_the_setting() {
        assert_eq!(data(b"0123456789", &LIMITS), Ok(()));
        let refused = data(b"0123456789a", &LIMITS).unwrap_err();
        assert!(refused.contains("11 bytes, and the limit is 10 (max_event_bytes)"), "{refused}");
        assert!(data(b"ab\xff", &LIMITS).unwrap_err().contains("(at byte 2)"));
    }

    #[test]
    fn socket_ids_are_two_numbers_with_a_point_between() {
        assert_eq!(socket_id(b"1.2"), Ok(()));
        for id in [&b""[..], b"1", b"1.", b".2", b"1.2.3", b"a.b", b"-1.2", &[b'1'; 50]] {
            assert!(socket_id(id).is_err(), "{id:?}");
        }
    }

    #[test]
    fn the_number_of_channels_has_a_floor_and_a_ceiling() {
        assert_eq!((channels(1), channels(MAX_CHANNELS)), (Ok(()), Ok(())));
        assert!(channels(0).is_err() && channels(MAX_CHANNELS + 1).is_err());
    }

    #[test]
    fn sizes_are_read_as_in_php_ini() {
        assert_eq!(
            (size("10", 1, 100), size("2k", 1, 4096), size("1M", 1, 1 << 20)),
            (Ok(10), Ok(2048), Ok(1 << 20))
        );
        for text in
            ["", "K", "-1", "+1", "1.5M", "1T", "0", "99999999999999999999", "18446744073709551615G", "1K "]
        {
            assert!(size(text, 1, usize::MAX).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_shown_of_a_value_is_short_and_plain() {
        let long = [b'x'; 1000];
        assert_eq!(Shown(&long).to_string(), format!("\"{}...\"", "x".repeat(40)));
        assert_eq!(Shown(b"a\n\x1b[31m").to_string(), "\"a\\n\\u{1b}[31m\"");
    }
}
