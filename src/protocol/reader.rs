//! From bytes to messages. RFC 6455 stays in tungstenite; the bytes stay ours.
//!
//! A tungstenite context costs kilobytes and hides what it has read, so a connection owns one only in the middle of
//! a message. Between messages the worker's one spare context serves everybody. To know when a message ends we watch
//! the frame boundaries beside it (headers parsed by tungstenite too), and keep the raw bytes since the last
//! complete message: they are what another process needs to go on reading in our place.

use super::{Close, EncodedFrame};
use bytes::Bytes;
use std::io::{self, Cursor, ErrorKind, Read, Write};
use tokio_tungstenite::tungstenite::protocol::frame::coding::OpCode;
use tokio_tungstenite::tungstenite::protocol::frame::{FrameHeader, Utf8Bytes};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tokio_tungstenite::tungstenite::{Error, Message, error::CapacityError};

/// What came in, in order.
#[derive(Debug)]
pub enum Incoming {
    /// A text message.
    Text(Utf8Bytes),
    /// A binary message; the Pusher protocol has no use for one.
    Binary(Bytes),
    /// A pong, or the answer to a close frame: to be sent as it is.
    Answer(EncodedFrame),
    /// The client's close frame; its answer came before as [`Incoming::Answer`].
    Closed,
    /// The client broke the rules and is to be closed with this.
    Failed(Close),
}

/// The reading side of one connection; empty between messages.
#[derive(Debug, Default)]
pub struct FrameReader {
    partial: Option<Box<Partial>>,
}

/// The reading side that a worker's connections share.
#[derive(Debug)]
pub struct Decoder {
    spare: Option<Box<Partial>>,
    limit: usize,
}

/// A message on its way in.
struct Partial {
    context: WebSocketContext,
    boundaries: Boundaries,
    /// The bytes since the last complete message.
    raw: Vec<u8>,
}

/// A spare that grew past this with a large message is not kept.
const SPARE_LIMIT: usize = 64 << 10;

impl std::fmt::Debug for Partial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Partial").field("raw", &self.raw.len()).finish_non_exhaustive()
    }
}

impl Decoder {
    /// `limit` is the largest message taken, in bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { spare: None, limit }
    }

    fn partial(&mut self) -> Box<Partial> {
        self.spare.take().unwrap_or_else(|| {
            let config = WebSocketConfig::default()
                .read_buffer_size(4096)
                .write_buffer_size(0)
                .max_message_size(Some(self.limit))
                .max_frame_size(Some(self.limit));
            let context = WebSocketContext::new(Role::Server, Some(config));
            Box::new(Partial { context, boundaries: Boundaries::default(), raw: Vec::new() })
        })
    }
}

impl FrameReader {
    /// Reads a chunk as it came from the socket and appends what it holds to `incoming`.
    ///
    /// After [`Incoming::Closed`] or [`Incoming::Failed`] the connection must not be read any further.
    pub fn feed(&mut self, chunk: &[u8], decoder: &mut Decoder, incoming: &mut Vec<Incoming>) {
        let mut partial = self.partial.take().unwrap_or_else(|| decoder.partial());
        if !read_messages(&mut partial.context, chunk, incoming) {
            return;
        }
        let complete = partial.boundaries.last_message_end(chunk);
        if complete.is_some() {
            partial.raw.clear();
        }
        let rest = &chunk[complete.unwrap_or(0)..];
        if complete.is_none() || !rest.is_empty() {
            partial.raw.extend_from_slice(rest);
            self.partial = Some(partial);
        } else if partial.raw.capacity() <= SPARE_LIMIT {
            decoder.spare = Some(partial);
        }
    }
}

/// Whether the connection can be read further.
fn read_messages(context: &mut WebSocketContext, chunk: &[u8], incoming: &mut Vec<Incoming>) -> bool {
    let mut wire = Wire { chunk, incoming };
    loop {
        let failure = match context.read(&mut wire) {
            Ok(Message::Text(text)) => {
                wire.incoming.push(Incoming::Text(text));
                continue;
            }
            Ok(Message::Binary(data)) => {
                wire.incoming.push(Incoming::Binary(data));
                continue;
            }
            // A ping was answered by the context; either is a sign of life, which any bytes are.
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => continue,
            Ok(Message::Close(_)) => {
                // The answer to a close frame is written by the next call.
                let _ = context.flush(&mut wire);
                wire.incoming.push(Incoming::Closed);
                return false;
            }
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => return true,
            Err(Error::Capacity(CapacityError::MessageTooLong { .. })) => Close::TOO_LARGE,
            Err(Error::Utf8(_)) => Close::INVALID_UTF8,
            Err(_) => Close::PROTOCOL_ERROR,
        };
        wire.incoming.push(Incoming::Failed(failure));
        return false;
    }
}

/// The stream that a context sees: reads take from the chunk, writes become [`Incoming::Answer`]s.
struct Wire<'a> {
    chunk: &'a [u8],
    incoming: &'a mut Vec<Incoming>,
}

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.chunk.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.chunk.read(buffer)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, frame: &[u8]) -> io::Result<usize> {
        self.incoming.push(Incoming::Answer(Bytes::copy_from_slice(frame)));
        Ok(frame.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// RFC 6455 section 5.2: two bytes, eight of length, four of mask.
const LONGEST_HEADER: usize = 14;

/// Follows the frames of a stream to see where messages end.
#[derive(Debug, Default)]
struct Boundaries {
    /// Bytes of a header that has not come whole.
    header: Vec<u8>,
    /// Payload bytes of the present frame that have yet to come.
    payload: u64,
    /// Whether the present frame ends what is being read.
    ends_message: bool,
    /// Whether a fragmented message is open.
    is_fragmented: bool,
}

impl Boundaries {
    /// Follows `chunk`; the offset in it at which the last complete message ended, if one did.
    ///
    /// The frames were read by the context before: they are known to be well-formed.
    fn last_message_end(&mut self, chunk: &[u8]) -> Option<usize> {
        let mut end = None;
        let mut offset = 0;
        while offset < chunk.len() {
            if self.payload == 0 {
                offset += self.read_header(&chunk[offset..]);
            }
            let here = (chunk.len() - offset).min(usize::try_from(self.payload).unwrap_or(usize::MAX));
            offset += here;
            self.payload -= here as u64;
            if self.payload == 0 && self.header.is_empty() && self.ends_message {
                end = Some(offset);
            }
        }
        end
    }

    /// Takes bytes until a header is whole; how many it took.
    fn read_header(&mut self, bytes: &[u8]) -> usize {
        let had = self.header.len();
        self.header.extend_from_slice(&bytes[..bytes.len().min(LONGEST_HEADER)]);
        let mut cursor = Cursor::new(&self.header);
        let Ok(Some((header, payload))) = FrameHeader::parse(&mut cursor) else {
            return self.header.len() - had;
        };
        let length = usize::try_from(cursor.position()).unwrap_or(had);
        self.header.clear();
        self.payload = payload;
        if let OpCode::Data(_) = header.opcode {
            self.is_fragmented = !header.is_final;
        }
        self.ends_message = !self.is_fragmented;
        length - had
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data};

    fn masked(opcode: OpCode, is_final: bool, payload: &[u8]) -> Vec<u8> {
        let header = FrameHeader { is_final, opcode, mask: Some([1, 2, 3, 4]), ..FrameHeader::default() };
        let mut bytes = Vec::new();
        Frame::from_payload(header, payload.to_vec().into()).format(&mut bytes).unwrap();
        bytes
    }

    fn text(payload: &str) -> Vec<u8> {
        masked(OpCode::Data(Data::Text), true, payload.as_bytes())
    }

    /// Feeds `bytes` in chunks of `size` and writes down what came in.
    fn read(reader: &mut FrameReader, bytes: &[u8], size: usize) -> Vec<String> {
        let mut decoder = Decoder::new(1 << 20);
        let mut incoming = Vec::new();
        for chunk in bytes.chunks(size) {
            reader.feed(chunk, &mut decoder, &mut incoming);
        }
        let show = |incoming| match incoming {
            Incoming::Text(text) => format!("text {}", text.as_str().len()),
            Incoming::Binary(data) => format!("binary {}", data.len()),
            Incoming::Answer(frame) => format!("answer {:x} {:?}", frame[0], &frame[2..]),
            Incoming::Closed => "closed".to_owned(),
            Incoming::Failed(close) => format!("failed {}", close.code),
        };
        incoming.into_iter().map(show).collect()
    }

    #[test]
    fn messages_arrive_whole_however_they_are_cut() {
        let mut bytes = text("hello");
        bytes.extend(masked(OpCode::Data(Data::Text), false, &[b'x'; 300]));
        bytes.extend(masked(OpCode::Control(Control::Ping), true, b"alive?"));
        bytes.extend(masked(OpCode::Data(Data::Continue), false, &[]));
        bytes.extend(masked(OpCode::Data(Data::Continue), true, &[b'y'; 70_000]));
        bytes.extend(masked(OpCode::Data(Data::Binary), true, &[]));
        let pong = format!("answer 8a {:?}", b"alive?");
        for size in [1, 2, 3, 7, 100, 4096, bytes.len()] {
            let mut reader = FrameReader::default();
            let came = read(&mut reader, &bytes, size);
            assert_eq!(came, ["text 5", &pong, "text 70300", "binary 0"], "chunks of {size}");
            assert!(reader.partial.is_none(), "nothing is kept between messages");
        }
    }

    #[test]
    fn the_raw_bytes_since_the_last_message_are_kept() {
        let mut bytes = text("one");
        let whole = bytes.len();
        bytes.extend(masked(OpCode::Data(Data::Text), false, b"half a "));
        bytes.extend(&text("message")[..4]);
        for size in [1, 5, bytes.len()] {
            let mut reader = FrameReader::default();
            read(&mut reader, &bytes, size);
            assert_eq!(reader.partial.as_ref().unwrap().raw, &bytes[whole..], "chunks of {size}");
        }
    }

    #[test]
    fn a_ping_inside_a_message_is_answered_at_once() {
        let mut bytes = masked(OpCode::Data(Data::Text), false, b"begun");
        bytes.extend(masked(OpCode::Control(Control::Ping), true, b""));
        assert_eq!(read(&mut FrameReader::default(), &bytes, 64), ["answer 8a []"]);
    }

    #[test]
    fn a_close_is_answered_and_ends_the_reading() {
        let mut bytes = masked(OpCode::Control(Control::Close), true, &1000_u16.to_be_bytes());
        bytes.extend(text("after"));
        let came = read(&mut FrameReader::default(), &bytes, bytes.len());
        assert_eq!(came, ["answer 88 [3, 232]", "closed"]);
    }

    #[test]
    fn broken_frames_fail_with_their_code() {
        let failed = |bytes: &[u8]| read(&mut FrameReader::default(), bytes, bytes.len()).remove(0);
        assert_eq!(failed(&masked(OpCode::Data(Data::Text), true, b"\xff")), "failed 1007");
        assert_eq!(failed(&masked(OpCode::Data(Data::Continue), true, b"")), "failed 1002");
        assert_eq!(failed(&masked(OpCode::Control(Control::Reserved(0xb)), true, b"")), "failed 1002");
        assert_eq!(failed(&[0x81, 0x00]), "failed 1002");
        assert_eq!(failed(&masked(OpCode::Data(Data::Binary), true, &vec![0; (1 << 20) + 1])), "failed 1009");
    }

    #[test]
    fn one_spare_context_serves_connection_after_connection() {
        let mut decoder = Decoder::new(1 << 20);
        let mut incoming = Vec::new();
        FrameReader::default().feed(&text("one"), &mut decoder, &mut incoming);
        assert!(decoder.spare.is_some());
        FrameReader::default().feed(&text("two"), &mut decoder, &mut incoming);
        assert!(matches!(&incoming[..], [Incoming::Text(_), Incoming::Text(_)]));
    }
}
