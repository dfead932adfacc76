//! One WebSocket client of a [`Swarm`](crate::swarm::Swarm): its bytes, its frames, its part of the conversation.
//!
//! Servers differ in white space, in whether `data` is a string or an object, and in what they say unasked. So messages
//! are told apart by the names of events in them, and nothing is parsed.

use crate::Result;
use crate::stamp::Stamp;
use crate::swarm::Receiver;
use crate::target::App;
use mio::net::TcpStream;
use serde_json::json;
use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

/// Subscriptions that a client has under way at the same time.
const UNDER_WAY: usize = 64;

/// Bytes of a message in which the name of its event stands.
const HEAD: usize = 256;

/// A client that cannot send for so long is not read from any more.
const PATIENCE: Duration = Duration::from_secs(10);

const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// See the module.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    pub(crate) state: State,
    /// Channels yet to be subscribed to, the next one last.
    wanted: Vec<String>,
    /// Subscriptions asked for and not answered.
    asked: usize,
    socket_id: String,
    /// The beginning of a frame whose end has not come yet.
    partial: Vec<u8>,
    /// Seconds of silence that the server allows.
    pub(crate) activity_timeout: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Waits to be connected.
    Connecting,
    /// Waits for the answer to its handshake.
    Opening,
    /// Waits for `connection_established`.
    Greeting,
    /// Waits for `subscription_succeeded`.
    Subscribing,
    Ready,
    /// The server has hung up.
    Gone,
}

/// Whom a client talks for: its number, and the app that signs its subscriptions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Speaker<'a> {
    pub(crate) number: usize,
    pub(crate) app: &'a App,
}

impl Client {
    /// A client that will subscribe to `channels`, in their order.
    pub(crate) fn new(stream: TcpStream, state: State, mut channels: Vec<String>) -> Self {
        channels.reverse();
        Self {
            stream,
            state,
            wanted: channels,
            asked: 0,
            socket_id: String::new(),
            partial: Vec::new(),
            activity_timeout: None,
        }
    }

    /// Sends the handshake of a client that has been connected.
    pub(crate) fn open(&mut self, handshake: &str) -> Result<()> {
        if let Some(error) = self.stream.take_error()? {
            return Err(format!("a client was refused: {error}").into());
        }
        self.state = State::Opening;
        Ok(self.stream.write_all(handshake.as_bytes())?)
    }

    /// Reads all that there is. Of a socket that `is_ending`, the end has come with it: epoll does not tell that again.
    pub(crate) fn read(
        &mut self,
        buffer: &mut [u8],
        is_ending: bool,
        speaker: Speaker<'_>,
        receiver: &mut impl Receiver,
    ) -> Result<()> {
        loop {
            let count = match self.stream.read(buffer) {
                Ok(0) => return self.end(None, speaker, receiver),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                    return self.end(None, speaker, receiver);
                }
                Err(error) => return Err(error.into()),
            };
            if self.partial.is_empty() {
                let used = self.take_frames(&buffer[..count], speaker, receiver)?;
                self.partial.extend_from_slice(&buffer[used..count]);
            } else {
                let mut bytes = std::mem::take(&mut self.partial);
                bytes.extend_from_slice(&buffer[..count]);
                let used = self.take_frames(&bytes, speaker, receiver)?;
                bytes.drain(..used);
                self.partial = bytes;
            }
            // The socket had no more than that; epoll tells when more comes.
            if count < buffer.len() && !is_ending || self.state == State::Gone {
                return Ok(());
            }
        }
    }

    /// Takes all whole frames at the beginning of `bytes`; how many bytes these were.
    fn take_frames(
        &mut self,
        bytes: &[u8],
        speaker: Speaker<'_>,
        receiver: &mut impl Receiver,
    ) -> Result<usize> {
        let mut used = 0;
        if self.state == State::Opening {
            let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(0) };
            if !bytes.starts_with(b"HTTP/1.1 101 ") {
                let answer = String::from_utf8_lossy(&bytes[..end]);
                return Err(format!("the server refused the WebSocket handshake: {answer}").into());
            }
            self.state = State::Greeting;
            used = end + 4;
        }
        while let Some((head, payload)) = frame(&bytes[used..]) {
            let text = &bytes[used + head..used + head + payload];
            match Stamp::find(text) {
                Some(stamp) => receiver.event(speaker.number, stamp),
                None => self.converse(bytes[used] & 0x0f, text, speaker, receiver)?,
            }
            used += head + payload;
        }
        Ok(used)
    }

    /// Deals with a frame that is no event of ours: the protocol's own.
    fn converse(
        &mut self,
        opcode: u8,
        text: &[u8],
        speaker: Speaker<'_>,
        receiver: &mut impl Receiver,
    ) -> Result<()> {
        match opcode {
            CLOSE => {
                let code = text.first_chunk().map(|bytes| u16::from_be_bytes(*bytes));
                return self.end(code, speaker, receiver);
            }
            PING => return self.send(PONG, text),
            PONG => return Ok(()),
            _ => {}
        }
        // A list of members may be long; what it is stands at its beginning.
        let start = &text[..text.len().min(HEAD)];
        let says = |word: &str| position(start, word).is_some();
        if says("pusher:ping") {
            self.say(r#"{"event":"pusher:pong","data":{}}"#)
        } else if says("pusher:connection_established") {
            self.greeted(text)?;
            self.ask(speaker)
        } else if says("pusher_internal:subscription_succeeded") {
            self.asked = self.asked.saturating_sub(1);
            receiver.notice(speaker.number, text);
            self.ask(speaker)
        } else if says("pusher:error") || says("subscription_error") {
            let text = String::from_utf8_lossy(text);
            receiver.refused(speaker.number, &text)
        } else {
            // Members who come and go, pongs, and what else a server tells unasked.
            receiver.notice(speaker.number, text);
            Ok(())
        }
    }

    fn greeted(&mut self, text: &[u8]) -> Result<()> {
        let digits = |after: &str, more: &[u8]| {
            let rest = &text[position(text, after)? + after.len()..];
            let start = rest.iter().position(u8::is_ascii_digit)?;
            let is_other = |byte: &u8| !byte.is_ascii_digit() && !more.contains(byte);
            let end = rest[start..].iter().position(is_other)?;
            Some(String::from_utf8_lossy(&rest[start..start + end]).into_owned())
        };
        self.socket_id = digits("socket_id", b".").ok_or("the server gave a client no socket_id")?;
        self.activity_timeout = digits("activity_timeout", b"").and_then(|seconds| seconds.parse().ok());
        self.state = State::Subscribing;
        Ok(())
    }

    /// Asks for the next subscriptions.
    fn ask(&mut self, speaker: Speaker<'_>) -> Result<()> {
        while self.asked < UNDER_WAY
            && let Some(channel) = self.wanted.pop()
        {
            self.asked += 1;
            let ask = subscription(speaker, &self.socket_id, &channel);
            self.say(&ask)?;
        }
        let is_done = self.asked == 0;
        self.state = if is_done { State::Ready } else { State::Subscribing };
        if is_done {
            // Of a thousand channels.
            self.wanted = Vec::new();
        }
        Ok(())
    }

    /// Subscribes to more channels.
    pub(crate) fn subscribe(&mut self, mut channels: Vec<String>, speaker: Speaker<'_>) -> Result<()> {
        channels.reverse();
        self.wanted = channels;
        self.ask(speaker)
    }

    /// Sends a text frame.
    pub(crate) fn say(&mut self, text: &str) -> Result<()> {
        self.send(1, text.as_bytes())
    }

    /// Sends a frame, masked with zeros. Waits while the socket is full: the server has more to do then than to read.
    fn send(&mut self, opcode: u8, payload: &[u8]) -> Result<()> {
        let frame = masked_frame(opcode, payload);
        let (mut sent, start) = (0, Instant::now());
        while sent < frame.len() {
            match self.stream.write(&frame[sent..]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock && start.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_micros(100));
                }
                Err(error) => return Err(format!("a client cannot send: {error}").into()),
            }
        }
        Ok(())
    }

    fn end(&mut self, code: Option<u16>, speaker: Speaker<'_>, receiver: &mut impl Receiver) -> Result<()> {
        if self.state == State::Gone {
            return Ok(());
        }
        self.state = State::Gone;
        receiver.gone(speaker.number, code)
    }
}

/// What a client says to subscribe, signed where the channel's name asks for it. On a presence channel every client is a
/// member of its own.
pub(crate) fn subscription(speaker: Speaker<'_>, socket_id: &str, channel: &str) -> String {
    let Speaker { number, app } = speaker;
    let signed = |text: &str| format!("{}:{}", app.key, app.sign(text));
    let data = if channel.starts_with("presence-") {
        let member =
            json!({"user_id": number.to_string(), "user_info": {"name": format!("Member {number}")}});
        let member = member.to_string();
        let auth = signed(&format!("{socket_id}:{channel}:{member}"));
        json!({"channel": channel, "auth": auth, "channel_data": member})
    } else if channel.starts_with("private-") {
        json!({"channel": channel, "auth": signed(&format!("{socket_id}:{channel}"))})
    } else {
        json!({"channel": channel, "auth": ""})
    };
    json!({"event": "pusher:subscribe", "data": data}).to_string()
}

/// A frame as clients send it, masked with zeros.
pub(crate) fn masked_frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match u8::try_from(payload.len()) {
        Ok(len @ ..126) => frame.push(0x80 | len),
        // No client of ours says more than 64 KiB.
        _ => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(payload.len() as u16).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

/// The lengths of head and payload of the frame at the beginning of `bytes`, if it is there as a whole.
pub(crate) fn frame(bytes: &[u8]) -> Option<(usize, usize)> {
    let (head, payload) = match *bytes {
        [_, len @ ..126, ..] => (2, usize::from(len)),
        [_, 126, a, b, ..] => (4, usize::from(u16::from_be_bytes([a, b]))),
        [_, 127, a, b, c, d, e, f, g, h, ..] => {
            (10, usize::try_from(u64::from_be_bytes([a, b, c, d, e, f, g, h])).ok()?)
        }
        _ => return None,
    };
    (bytes.len() - head >= payload).then_some((head, payload))
}

fn position(text: &[u8], word: &str) -> Option<usize> {
    text.windows(word.len()).position(|window| window == word.as_bytes())
}
