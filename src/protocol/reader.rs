//! From bytes to messages. RFC 6455 stays in tungstenite; the bytes stay ours.
//!
//! A tungstenite context costs kilobytes and hides what it has read, so a connection owns one only in the middle of
//! a message. Between messages the worker's one spare context serves everybody. To know when a message ends we watch
//! the frame boundaries beside it (headers parsed by tungstenite too), and keep what came of the unfinished message:
//! it is what another process needs to go on reading in our place.

use super::{Close, EncodedFrame};
use bytes::Bytes;
use std::io::{self, Cursor, ErrorKind, Read, Write};
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
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
    state: State,
}

#[derive(Debug, Default)]
enum State {
    /// Whatever comes next begins a frame, and a message or a control frame.
    #[default]
    Between,
    /// Part of a message or of a frame has come.
    Within(Box<Partial>),
    /// The client said goodbye or broke the rules: nothing it sends can be trusted to be a frame.
    Over,
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
    unfinished: Unfinished,
}

/// A spare that grew past this with a large message is not kept.
const SPARE_LIMIT: usize = 64 << 10;

impl std::fmt::Debug for Partial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Partial").field("unfinished", &self.unfinished.raw.len()).finish_non_exhaustive()
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
            Box::new(Partial { context, unfinished: Unfinished::default() })
        })
    }
}

impl FrameReader {
    /// A reader of a client from whom nothing is taken any more.
    #[must_use]
    pub fn over() -> Self {
        Self { state: State::Over }
    }

    /// Whether nothing is taken from the client any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Reads a chunk as it came from the socket and appends what it holds to `incoming`. Says how many frames ended in it,
    /// control frames and fragments included, as long as the client may go on.
    ///
    /// Nothing comes after [`Incoming::Closed`] or [`Incoming::Failed`], whatever is fed.
    pub fn feed(&mut self, chunk: &[u8], decoder: &mut Decoder, incoming: &mut Vec<Incoming>) -> usize {
        // A context begun for no bytes would stay with the connection until its first message.
        if chunk.is_empty() {
            return 0;
        }
        let mut partial = match std::mem::replace(&mut self.state, State::Over) {
            State::Between => decoder.partial(),
            State::Within(partial) => partial,
            State::Over => return 0,
        };
        if !read_messages(&mut partial.context, chunk, incoming) {
            return 0;
        }
        let frames = partial.unfinished.follow(chunk);
        if !partial.unfinished.raw.is_empty() {
            self.state = State::Within(partial);
            return frames;
        }
        self.state = State::Between;
        if partial.unfinished.raw.capacity() <= SPARE_LIMIT {
            decoder.spare = Some(partial);
        }
        frames
    }

    /// What came of the message that is not complete yet. Fed to another reader, it takes that one to where this one is,
    /// and makes it answer nothing that was answered here.
    #[must_use]
    pub fn unfinished(&self) -> &[u8] {
        match &self.state {
            State::Within(partial) => &partial.unfinished.raw,
            State::Between | State::Over => &[],
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

/// Follows the frames of a stream and keeps the bytes since the last complete message.
///
/// Frames that add nothing to the message are not kept once they are whole: control frames, which were answered, and
/// empty fragments. So it has an end: at most fifteen bytes are kept for one of the message's, and those are limited.
#[derive(Debug, Default)]
struct Unfinished {
    raw: Vec<u8>,
    /// Where in `raw` the present frame begins.
    frame: usize,
    /// Payload bytes of the present frame that have yet to come; none before its header is whole.
    payload: usize,
    /// What to do when the present frame is whole.
    then: Then,
}

#[derive(Debug, Default, Clone, Copy)]
enum Then {
    #[default]
    KeepFrame,
    DropFrame,
    DropMessage,
}

impl Unfinished {
    /// Follows `chunk`, whose frames the context has read before: they are known to be well-formed. How many ended.
    fn follow(&mut self, mut chunk: &[u8]) -> usize {
        let mut ended = 0;
        while !chunk.is_empty() {
            if self.payload == 0 && !self.read_header(&mut chunk) {
                break;
            }
            let (here, rest) = chunk.split_at(chunk.len().min(self.payload));
            self.raw.extend_from_slice(here);
            self.payload -= here.len();
            chunk = rest;
            if self.payload == 0 {
                self.end_frame();
                ended += 1;
            }
        }
        ended
    }

    /// Takes bytes off `chunk` until the frame's header is whole; whether it is.
    fn read_header(&mut self, chunk: &mut &[u8]) -> bool {
        let had = self.raw.len();
        self.raw.extend_from_slice(&chunk[..chunk.len().min(LONGEST_HEADER)]);
        let mut cursor = Cursor::new(&self.raw[self.frame..]);
        let Ok(Some((header, payload))) = FrameHeader::parse(&mut cursor) else { return false };
        let end = self.frame + usize::try_from(cursor.position()).unwrap_or(LONGEST_HEADER);
        self.raw.truncate(end);
        *chunk = &chunk[end - had..];
        // The context has refused payloads that no memory could hold.
        self.payload = usize::try_from(payload).unwrap_or(usize::MAX);
        self.then = match header.opcode {
            OpCode::Control(_) => Then::DropFrame,
            OpCode::Data(_) if header.is_final => Then::DropMessage,
            OpCode::Data(Data::Continue) if payload == 0 => Then::DropFrame,
            OpCode::Data(_) => Then::KeepFrame,
        };
        true
    }

    fn end_frame(&mut self) {
        match self.then {
            Then::KeepFrame => {}
            Then::DropFrame => self.raw.truncate(self.frame),
            Then::DropMessage => self.raw.clear(),
        }
        self.frame = self.raw.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::Control;

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
            assert!(matches!(reader.state, State::Between), "nothing is kept between messages");
        }
    }

    #[test]
    fn what_is_unfinished_is_kept() {
        let mut bytes = text("one");
        let whole = bytes.len();
        bytes.extend(masked(OpCode::Data(Data::Text), false, b"half a "));
        bytes.extend(&text("message")[..4]);
        for size in [1, 5, bytes.len()] {
            let mut reader = FrameReader::default();
            read(&mut reader, &bytes, size);
            assert_eq!(reader.unfinished(), &bytes[whole..], "chunks of {size}");
        }
    }

    #[test]
    fn frames_without_payload_fill_no_memory() {
        let mut bytes = masked(OpCode::Data(Data::Text), false, b"");
        let begun = bytes.len();
        for _ in 0..100 {
            bytes.extend(masked(OpCode::Control(Control::Ping), true, &[b'x'; 125]));
            bytes.extend(masked(OpCode::Data(Data::Continue), false, b""));
        }
        for size in [1, 131, bytes.len()] {
            let mut reader = FrameReader::default();
            assert_eq!(read(&mut reader, &bytes, size).len(), 100);
            assert_eq!(reader.unfinished(), &bytes[..begun], "chunks of {size}");
        }
    }

    #[test]
    fn every_frame_counts_where_it_ends() {
        let mut bytes = text("one");
        bytes.extend(masked(OpCode::Data(Data::Text), false, b"begun "));
        bytes.extend(masked(OpCode::Control(Control::Pong), true, b"nobody asked"));
        bytes.extend(masked(OpCode::Data(Data::Continue), false, b""));
        bytes.extend(masked(OpCode::Data(Data::Continue), true, b"and ended"));
        for size in [1, 2, 5, bytes.len()] {
            let (mut reader, mut decoder) = (FrameReader::default(), Decoder::new(1 << 20));
            let count = |chunk| reader.feed(chunk, &mut decoder, &mut Vec::new());
            assert_eq!(bytes.chunks(size).map(count).sum::<usize>(), 5, "chunks of {size}");
        }
    }

    #[test]
    fn no_bytes_begin_no_message() {
        let mut reader = FrameReader::default();
        reader.feed(&[], &mut Decoder::new(1 << 20), &mut Vec::new());
        assert!(matches!(reader.state, State::Between));
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
    fn nothing_counts_after_the_end() {
        let close = masked(OpCode::Control(Control::Close), true, &1000_u16.to_be_bytes());
        let broken = masked(OpCode::Control(Control::Reserved(0xb)), true, b"");
        for end in [&close, &broken] {
            let mut reader = FrameReader::default();
            let before = read(&mut reader, end, end.len());
            assert!(!before.is_empty());
            for after in [&text("hello"), &close, &broken] {
                assert!(read(&mut reader, after, after.len()).is_empty());
            }
        }
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
