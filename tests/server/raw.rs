//! A client of raw bytes: it answers nothing by itself, has room for little, and reads when the test says so.

use crate::support::{House, KEY, SECRET};
use canyon::protocol::signature;
use serde_json::{Value, json};
use socket2::{Domain, SockAddr, Socket, Type};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A read that takes longer fails the test.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct RawClient {
    stream: Socket,
    socket_id: String,
    /// What was read and is not yet a whole frame.
    bytes: Vec<u8>,
}

fn shake_hands(mut socket: &Socket) {
    let handshake = format!(
        "GET /app/{KEY}?protocol=7 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    socket.write_all(handshake.as_bytes()).unwrap();
}

/// A frame of the server's.
#[derive(Debug, PartialEq)]
pub(crate) enum Frame {
    Event(Value),
    Ping,
    Pong,
    /// Its code.
    Close(u16),
}

impl RawClient {
    /// Connected, its handshake sent, nothing read yet; with room for little.
    pub(crate) fn open(house: &House) -> TcpStream {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.connect(&SocketAddr::from(([127, 0, 0, 1], house.port)).into()).unwrap();
        shake_hands(&socket);
        socket.into()
    }

    /// Connected, its `connection_established` read.
    pub(crate) fn connect(house: &House) -> Self {
        Self::established(Self::open(house).into())
    }

    /// As [`RawClient::open`], over the Unix socket, for which the kernel keeps some 200 kB and never more: what a client has
    /// not read is soon the server's to keep. Over TCP it may be millions of small frames.
    pub(crate) fn open_locally(house: &House) -> Socket {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        socket.connect(&SockAddr::unix(house.socket()).unwrap()).unwrap();
        shake_hands(&socket);
        socket
    }

    /// As [`RawClient::connect`], over the Unix socket.
    pub(crate) fn connect_locally(house: &House) -> Self {
        Self::established(Self::open_locally(house))
    }

    fn established(stream: Socket) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = Self { stream, socket_id: String::new(), bytes: Vec::new() };
        let head = loop {
            match client.bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                Some(end) => break end + 4,
                None => assert!(client.read(1024) > 0, "the handshake was not answered"),
            }
        };
        client.bytes.drain(..head);
        let Some(Frame::Event(established)) = client.frame() else { panic!("no connection_established") };
        let data: Value = serde_json::from_str(established["data"].as_str().unwrap()).unwrap();
        client.socket_id = data["socket_id"].as_str().unwrap().to_owned();
        client
    }

    pub(crate) fn socket_id(&self) -> &str {
        &self.socket_id
    }

    /// Sends a text frame, masked with zeros.
    pub(crate) fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let mut frame = vec![0x81, 0x80 | 126];
        frame.extend_from_slice(&u16::try_from(text.len()).unwrap().to_be_bytes());
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(text.as_bytes());
        self.stream.write_all(&frame).unwrap();
    }

    /// Sends bytes as they are: a part of a frame, for example.
    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub(crate) fn ask_for(&mut self, channel: &str, channel_data: Option<&str>) {
        let tail = channel_data.map(|data| format!(":{data}")).unwrap_or_default();
        let signed = format!("{}:{channel}{tail}", self.socket_id);
        let auth = format!("{KEY}:{}", signature::sign(SECRET, &[&signed]));
        let data = json!({"channel": channel, "auth": auth, "channel_data": channel_data});
        self.send(&json!({"event": "pusher:subscribe", "data": data}));
    }

    /// Subscribes and reads that it worked.
    pub(crate) fn subscribe(&mut self, channel: &str, channel_data: Option<&str>) {
        self.ask_for(channel, channel_data);
        loop {
            match self.frame() {
                Some(Frame::Ping | Frame::Pong) => {}
                Some(Frame::Event(event)) if event["event"] == "pusher_internal:subscription_succeeded" => {
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// Reads up to `most` bytes; how many came, and 0 at the end.
    pub(crate) fn read(&mut self, most: usize) -> usize {
        let mut buffer = vec![0; most];
        let count = self.stream.read(&mut buffer).expect("the server says something in time");
        self.bytes.extend_from_slice(&buffer[..count]);
        count
    }

    /// The next frame that was read as a whole.
    pub(crate) fn read_frame(&mut self) -> Option<Frame> {
        let (head, length) = match *self.bytes {
            [_, length @ ..126, ..] => (2, usize::from(length)),
            [_, 126, a, b, ..] => (4, usize::from(u16::from_be_bytes([a, b]))),
            [_, 127, _, _, _, _, a, b, c, d, ..] => (10, u32::from_be_bytes([a, b, c, d]) as usize),
            _ => return None,
        };
        let payload = self.bytes.get(head..head + length)?;
        let frame = match self.bytes[0] {
            0x81 => Frame::Event(serde_json::from_slice(payload).unwrap()),
            0x89 => Frame::Ping,
            0x8a => Frame::Pong,
            0x88 => Frame::Close(u16::from_be_bytes([payload[0], payload[1]])),
            other => panic!("a frame that begins with {other:#x}"),
        };
        self.bytes.drain(..head + length);
        Some(frame)
    }

    /// The next frame, waited for; `None` at the end of the stream, which must not be in the middle of one.
    pub(crate) fn frame(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.read_frame() {
                return Some(frame);
            }
            if self.read(1 << 16) == 0 {
                assert!(self.bytes.is_empty(), "{} bytes of a frame", self.bytes.len());
                return None;
            }
        }
    }
}
