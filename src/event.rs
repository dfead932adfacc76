//! An event on its way from a publisher to the server: to a queue record, and back from one.
//!
//! The only type both sides share. It knows neither the queue (to which a record is bytes) nor the rules for names: the
//! publisher checks those before, the server treats what it reads as foreign.
//!
//! ```text
//! | version: u8 | flags: u8 | channels: u16 | app: u16 | name: u16 | except: u16 | 0: u16 | data: u32 |   lengths
//! | app | name | except | channels, each as length: u16 and bytes | data |
//! ```

use std::fmt;

/// The first byte of every event.
const VERSION: u8 = 1;
const HAS_EXCEPT: u8 = 1;
const HEAD: usize = 16;

/// The most channels one event can name.
pub const MAX_CHANNELS: usize = u16::MAX as usize;

/// An event to be written, borrowed from wherever it lives: nothing is copied until it stands in the queue.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a, C> {
    /// The application whose clients get it.
    pub app: &'a [u8],
    /// The channels to publish on; at least one.
    pub channels: C,
    /// The event's name.
    pub name: &'a [u8],
    /// Its data, as the clients get it: usually JSON.
    pub data: &'a [u8],
    /// The socket that does not get it.
    pub except: Option<&'a [u8]>,
}

/// A draft whose parts all fit their length fields.
#[derive(Debug, Clone, Copy)]
pub struct Encoded<'a, C> {
    draft: Draft<'a, C>,
    head: [u8; HEAD],
    len: usize,
}

/// A draft that no record can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Oversized {
    /// Which part of it.
    pub part: &'static str,
    /// How long that is, or how many there are.
    pub len: usize,
    /// How long it may be.
    pub limit: usize,
}

impl fmt::Display for Oversized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be published: {}, and the limit is {}", self.part, self.len, self.limit)
    }
}

impl std::error::Error for Oversized {}

impl<'a, C> Draft<'a, C>
where
    C: Iterator<Item = &'a [u8]> + Clone,
{
    /// Measures the draft.
    pub fn encode(self) -> Result<Encoded<'a, C>, Oversized> {
        let except = self.except.unwrap_or_default();
        let mut count = 0_usize;
        let mut len = HEAD + self.app.len() + self.name.len() + except.len() + self.data.len();
        for channel in self.channels.clone() {
            short("a channel name", channel.len())?;
            count += 1;
            len += 2 + channel.len();
        }
        let data = u32::try_from(self.data.len()).map_err(|_| Oversized {
            part: "the data",
            len: self.data.len(),
            limit: u32::MAX as usize,
        })?;
        let mut head = [0; HEAD];
        head[0] = VERSION;
        head[1] = if self.except.is_some() { HAS_EXCEPT } else { 0 };
        head[2..4].copy_from_slice(&short("the number of channels", count)?);
        head[4..6].copy_from_slice(&short("the application id", self.app.len())?);
        head[6..8].copy_from_slice(&short("the event name", self.name.len())?);
        head[8..10].copy_from_slice(&short("the excepted socket id", except.len())?);
        head[12..16].copy_from_slice(&data.to_le_bytes());
        Ok(Encoded { draft: self, head, len })
    }
}

fn short(part: &'static str, len: usize) -> Result<[u8; 2], Oversized> {
    let limit = usize::from(u16::MAX);
    u16::try_from(len).map(u16::to_le_bytes).map_err(|_| Oversized { part, len, limit })
}

impl<'a, C> Encoded<'a, C>
where
    C: Iterator<Item = &'a [u8]> + Clone,
{
    /// The length of the record: what the pieces add up to.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Hands the record to `put`, piece by piece.
    pub fn write(&self, mut put: impl FnMut(&[u8])) {
        put(&self.head);
        put(self.draft.app);
        put(self.draft.name);
        if let Some(except) = self.draft.except {
            put(except);
        }
        for channel in self.draft.channels.clone() {
            put(&(channel.len() as u16).to_le_bytes());
            put(channel);
        }
        put(self.draft.data);
    }
}

/// An event as it was read from a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// The application whose clients get it.
    pub app: &'a str,
    /// The channels to publish on; at least one.
    pub channels: Channels<'a>,
    /// The event's name.
    pub name: &'a str,
    /// Its data, as the clients get it.
    pub data: &'a str,
    /// The socket that does not get it.
    pub except: Option<&'a str>,
}

/// What is wrong with a record that is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// Written by another version of Canyon.
    Version(u8),
    /// It ends too early.
    Short,
    /// It goes on where it should end.
    Trailing,
    /// A flag or a reserved field has a meaning this version does not know.
    Unknown,
    /// It names no channel.
    NoChannel,
    /// A text in it is not UTF-8.
    Utf8,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => {
                write!(f, "an event of version {version}; this server reads version {VERSION}")
            }
            Self::Short => f.write_str("an event that ends too early"),
            Self::Trailing => f.write_str("an event with bytes after its end"),
            Self::Unknown => f.write_str("an event with unknown flags"),
            Self::NoChannel => f.write_str("an event without a channel"),
            Self::Utf8 => f.write_str("an event whose text is not UTF-8"),
        }
    }
}

impl<'a> Event<'a> {
    /// Reads a record. Every length is checked; any bytes at all may be given.
    pub fn decode(record: &'a [u8]) -> Result<Self, Malformed> {
        let (head, rest) = record.split_first_chunk::<HEAD>().ok_or(Malformed::Short)?;
        let [version, flags, c0, c1, a0, a1, n0, n1, e0, e1, z0, z1, data @ ..] = *head;
        if version != VERSION {
            return Err(Malformed::Version(version));
        }
        let except_len = usize::from(u16::from_le_bytes([e0, e1]));
        if flags & !HAS_EXCEPT != 0 || (z0, z1) != (0, 0) || (flags & HAS_EXCEPT == 0 && except_len != 0) {
            return Err(Malformed::Unknown);
        }
        let mut input = Input(rest);
        let app = input.text(usize::from(u16::from_le_bytes([a0, a1])))?;
        let name = input.text(usize::from(u16::from_le_bytes([n0, n1])))?;
        let except = input.text(except_len)?;
        let channels = input.channels(u16::from_le_bytes([c0, c1]))?;
        let data = input.text(usize::try_from(u32::from_le_bytes(data)).map_err(|_| Malformed::Short)?)?;
        if !input.0.is_empty() {
            return Err(Malformed::Trailing);
        }
        let except = (flags & HAS_EXCEPT != 0).then_some(except);
        Ok(Self { app, channels, name, data, except })
    }
}

/// What is left to read.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn text(&mut self, len: usize) -> Result<&'a str, Malformed> {
        let (text, rest) = self.0.split_at_checked(len).ok_or(Malformed::Short)?;
        self.0 = rest;
        simdutf8::basic::from_utf8(text).map_err(|_| Malformed::Utf8)
    }

    fn channel(&mut self) -> Result<&'a str, Malformed> {
        let (len, rest) = self.0.split_first_chunk::<2>().ok_or(Malformed::Short)?;
        self.0 = rest;
        self.text(usize::from(u16::from_le_bytes(*len)))
    }

    /// Reads all channels once, so that walking over them later cannot fail.
    fn channels(&mut self, count: u16) -> Result<Channels<'a>, Malformed> {
        if count == 0 {
            return Err(Malformed::NoChannel);
        }
        let start = self.0;
        for _ in 0..count {
            self.channel()?;
        }
        let len = start.len() - self.0.len();
        Ok(Channels { bytes: &start[..len], left: count })
    }
}

/// The channels of an event, in the order the publisher gave them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Channels<'a> {
    /// Lengths and names, read once already.
    bytes: &'a [u8],
    left: u16,
}

impl<'a> Iterator for Channels<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let mut input = Input(self.bytes);
        let channel = input.channel().ok()?;
        self.bytes = input.0;
        self.left = self.left.saturating_sub(1);
        Some(channel)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::from(self.left), Some(usize::from(self.left)))
    }
}

impl ExactSizeIterator for Channels<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(channels: &[&str], except: Option<&str>) -> Vec<u8> {
        let draft = Draft {
            app: b"4242",
            channels: channels.iter().map(|channel| channel.as_bytes()),
            name: b"App\\Events\\ItemUpdated",
            data: "{\"name\":\"Bücher\"}".as_bytes(),
            except: except.map(str::as_bytes),
        };
        let encoded = draft.encode().unwrap();
        let mut record = Vec::new();
        encoded.write(|piece| record.extend_from_slice(piece));
        assert_eq!(record.len(), encoded.len());
        record
    }

    #[test]
    fn an_event_comes_back_as_it_was_written() {
        let record = record(&["items", "", "private-user.7"], Some("123.456"));
        let event = Event::decode(&record).unwrap();
        assert_eq!((event.app, event.name), ("4242", "App\\Events\\ItemUpdated"));
        assert_eq!((event.data, event.except), ("{\"name\":\"Bücher\"}", Some("123.456")));
        assert_eq!(event.channels.len(), 3);
        assert_eq!(event.channels.collect::<Vec<_>>(), ["items", "", "private-user.7"]);
    }

    #[test]
    fn no_excepted_socket_is_not_an_empty_one() {
        assert_eq!(Event::decode(&record(&["a"], None)).unwrap().except, None);
        assert_eq!(Event::decode(&record(&["a"], Some(""))).unwrap().except, Some(""));
    }

    #[test]
    fn every_shorter_record_is_refused_and_so_is_every_longer_one() {
        let mut record = record(&["items", "orders"], Some("1.2"));
        for len in 0..record.len() {
            assert_eq!(Event::decode(&record[..len]), Err(Malformed::Short), "{len} bytes");
        }
        record.push(0);
        assert_eq!(Event::decode(&record), Err(Malformed::Trailing));
    }

    #[test]
    fn no_flipped_bit_leads_beyond_the_record() {
        let record = record(&["items", "orders"], Some("1.2"));
        for bit in 0..record.len() * 8 {
            let mut flipped = record.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(event) = Event::decode(&flipped) {
                assert_eq!(event.channels.len(), event.channels.count());
            }
        }
    }

    #[test]
    fn other_versions_flags_and_encodings_are_refused() {
        let good = record(&["items"], None);
        let with = |at: usize, value: u8| {
            let mut bad = good.clone();
            bad[at] = value;
            Event::decode(&bad).map(|_| ())
        };
        assert_eq!(with(0, 2), Err(Malformed::Version(2)));
        assert_eq!(with(1, 2), Err(Malformed::Unknown));
        assert_eq!(with(10, 1), Err(Malformed::Unknown));
        assert_eq!(with(HEAD, 0xff), Err(Malformed::Utf8));
        assert_eq!(Event::decode(&record(&[], None)), Err(Malformed::NoChannel));
    }

    #[test]
    fn what_does_not_fit_its_length_field_is_refused_by_name() {
        let long = vec![b'x'; 70_000];
        let draft = Draft {
            app: b"1",
            channels: std::iter::once(&long[..]),
            name: b"event",
            data: b"{}",
            except: None,
        };
        let refused = draft.encode().unwrap_err();
        assert_eq!(refused.to_string(), "a channel name cannot be published: 70000, and the limit is 65535");
        let many = Draft {
            app: b"1",
            channels: std::iter::repeat_n(&b"c"[..], 65_536),
            name: b"event",
            data: b"{}",
            except: None,
        };
        assert_eq!(many.encode().unwrap_err().part, "the number of channels");
    }
}
