//! Bytes of a client: however they are cut, the same messages come out, and nothing is forgotten or kept too long.

#![no_main]

use canyon::protocol::frame;
use canyon::protocol::reader::{Decoder, FrameReader, Incoming};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use tokio_tungstenite::tungstenite::protocol::frame::coding::Data;

/// The largest message taken; small, so that the limit is met.
const LIMIT: usize = 1000;

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    pieces: Vec<Piece<'a>>,
    cuts: Vec<u8>,
    hand_over_every: u8,
}

#[derive(Debug, Arbitrary)]
enum Piece<'a> {
    Text { is_final: bool, mask: [u8; 4], text: &'a str },
    Frame { first: u8, mask: [u8; 4], length_form: u8, payload: &'a [u8] },
    Large { first: u8, payload: u16 },
    Raw(&'a [u8]),
}

impl Piece<'_> {
    fn write(&self, stream: &mut Vec<u8>) {
        match *self {
            Self::Text { is_final, mask, text } => {
                write_frame(stream, u8::from(is_final) << 7 | 1, mask, 0, text.as_bytes());
            }
            Self::Frame { first, mask, length_form, payload } => {
                write_frame(stream, first, mask, length_form, payload);
            }
            Self::Large { first, payload } => {
                write_frame(stream, first, [0; 4], 0, &vec![b'x'; usize::from(payload) % (LIMIT + 200)]);
            }
            Self::Raw(bytes) => stream.extend_from_slice(bytes),
        }
    }
}

/// A masked frame; `length_form` asks for a longer form of the length than is needed.
fn write_frame(stream: &mut Vec<u8>, first: u8, mask: [u8; 4], length_form: u8, payload: &[u8]) {
    stream.push(first);
    match (payload.len(), length_form % 3) {
        (length @ 0..=125, 0) => stream.push(0x80 | length as u8),
        (length @ 0..=65_535, 0 | 1) => {
            stream.push(0x80 | 126);
            stream.extend((length as u16).to_be_bytes());
        }
        (length, _) => {
            stream.push(0x80 | 127);
            stream.extend((length as u64).to_be_bytes());
        }
    }
    stream.extend(mask);
    stream.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

/// A connection that writes down what comes in.
#[derive(Default)]
struct Connection {
    reader: FrameReader,
    incoming: Vec<String>,
    is_over: bool,
}

impl Connection {
    fn feed(&mut self, chunk: &[u8], decoder: &mut Decoder) {
        let mut incoming = Vec::new();
        self.reader.feed(chunk, decoder, &mut incoming);
        assert!(incoming.is_empty() || !self.is_over, "nothing comes after the end");
        for (index, item) in incoming.iter().enumerate() {
            let is_end = matches!(item, Incoming::Closed | Incoming::Failed(_));
            assert!(!is_end || index + 1 == incoming.len(), "the end is the end");
            self.is_over |= is_end;
            let size = match item {
                Incoming::Text(text) => text.as_str().len(),
                Incoming::Binary(data) => data.len(),
                _ => 0,
            };
            assert!(size <= LIMIT);
        }
        self.incoming.extend(incoming.iter().map(|item| format!("{item:?}")));
        let unfinished = self.reader.unfinished().len();
        // Per byte of the message a fragment with the longest header; a first fragment without a byte; a frame on its
        // way, which is as long as a message at most.
        assert!(unfinished <= 15 * LIMIT + 14 + 14 + LIMIT);
        assert!(!self.is_over || unfinished == 0);
    }

    /// Another process takes over.
    fn hand_over(&mut self, decoder: &mut Decoder) {
        if self.is_over {
            return;
        }
        let mut incoming = Vec::new();
        let mut reader = FrameReader::default();
        reader.feed(self.reader.unfinished(), decoder, &mut incoming);
        assert!(incoming.is_empty(), "what was said before is not said again: {incoming:?}");
        assert_eq!(reader.unfinished(), self.reader.unfinished());
        self.reader = reader;
    }
}

fuzz_target!(|input: Input<'_>| {
    let mut stream = Vec::new();
    input.pieces.iter().for_each(|piece| piece.write(&mut stream));

    let mut whole = Connection::default();
    whole.feed(&stream, &mut Decoder::new(LIMIT));

    // Two connections of one worker, the first handed over now and then, the second with chunks twice as long.
    let mut decoder = Decoder::new(LIMIT);
    let (mut one, mut other) = (Connection::default(), Connection::default());
    let (mut rest, mut other_rest) = (&stream[..], &stream[..]);
    let mut cuts = input.cuts.iter().map(|&cut| usize::from(cut)).cycle();
    let mut turn = 0;
    while !rest.is_empty() || !other_rest.is_empty() {
        let length = cuts.next().unwrap_or(1).max(turn / 64);
        turn += 1;
        one.feed(take(&mut rest, length), &mut decoder);
        other.feed(take(&mut other_rest, 2 * length), &mut decoder);
        if turn.is_multiple_of(usize::from(input.hand_over_every)) {
            one.hand_over(&mut Decoder::new(LIMIT));
        }
    }
    for connection in [&one, &other] {
        assert_eq!(connection.incoming, whole.incoming);
        assert_eq!(connection.reader.unfinished(), whole.reader.unfinished());
    }

    round_trip(&stream[..stream.len().min(LIMIT)]);
});

/// What a frame of ours holds is read as it was written, once a client's mask is on it.
fn round_trip(bytes: &[u8]) {
    let message = frame::message(Data::Binary, bytes);
    let header = message.len() - bytes.len();
    let masked = [&[message[0], message[1] | 0x80], &message[2..header], &[0; 4], bytes].concat();
    let mut incoming = Vec::new();
    FrameReader::default().feed(&masked, &mut Decoder::new(LIMIT), &mut incoming);
    assert!(matches!(&incoming[..], [Incoming::Binary(data)] if data[..] == *bytes));
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (chunk, after) = rest.split_at(length.min(rest.len()));
    *rest = after;
    chunk
}
