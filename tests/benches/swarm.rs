//! Many WebSocket clients in one thread: one epoll, one read buffer, no JSON.
//!
//! A swarm has to be far cheaper than the server that it measures. What it does for a delivery is to step over a
//! frame's header and to look for the stamp; what it does not do is to answer, to unmask or to allocate.

use crate::Result;
use crate::server::KEY;
use crate::stamp::Stamp;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Socket, Type};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

/// Read in one go, by whichever client has something to read.
const READ_BUFFER: usize = 256 << 10;

/// Clients that may be in the middle of connecting at the same time.
const CONNECTING: usize = 256;

/// Connections from one address: the system has some 28,000 ports to give to each.
const PER_ADDRESS: usize = 20_000;

/// Connecting stops being tried when nothing has happened for so long.
const PATIENCE: Duration = Duration::from_secs(10);

/// See the module.
pub(crate) struct Swarm {
    poll: Poll,
    events: Events,
    clients: Vec<Client>,
    buffer: Vec<u8>,
    ready: usize,
}

struct Client {
    stream: TcpStream,
    state: State,
    channel: String,
    /// The beginning of a frame whose end has not come yet.
    partial: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Waits for the answer to its handshake.
    Opening,
    /// Waits for `connection_established`.
    Greeting,
    /// Waits for `subscription_succeeded`.
    Subscribing,
    Ready,
}

impl Swarm {
    /// Connects `count` clients and subscribes the client with number `n` to `channel(n)`.
    pub(crate) fn subscribe(
        address: SocketAddr,
        count: usize,
        channel: impl Fn(usize) -> String,
    ) -> Result<Self> {
        let mut swarm = Self::new(count)?;
        let mut last_progress = (Instant::now(), 0);
        while swarm.ready < count {
            while swarm.clients.len() < count && swarm.clients.len() - swarm.ready < CONNECTING {
                let number = swarm.clients.len();
                swarm.connect(address, channel(number), State::Opening)?;
            }
            swarm.turn(Duration::from_millis(100), &mut |_, _| {})?;
            if swarm.ready > last_progress.1 {
                last_progress = (Instant::now(), swarm.ready);
            } else if last_progress.0.elapsed() > PATIENCE {
                return Err(format!("only {} of {count} clients could subscribe", swarm.ready).into());
            }
        }
        Ok(swarm)
    }

    /// Connects `count` clients to somebody who sends frames without having been asked.
    pub(crate) fn listen(address: SocketAddr, count: usize) -> Result<Self> {
        let mut swarm = Self::new(count)?;
        for _ in 0..count {
            swarm.connect(address, String::new(), State::Ready)?;
        }
        swarm.ready = count;
        Ok(swarm)
    }

    fn new(count: usize) -> Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            clients: Vec::with_capacity(count),
            buffer: vec![0; READ_BUFFER],
            ready: 0,
        })
    }

    fn connect(&mut self, address: SocketAddr, channel: String, state: State) -> Result<()> {
        let number = self.clients.len();
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        if number >= PER_ADDRESS && address.ip().is_loopback() && address.is_ipv4() {
            let source = Ipv4Addr::new(127, 0, 1, (number / PER_ADDRESS) as u8);
            socket.bind(&SocketAddr::from((source, 0)).into())?;
        }
        // On loopback this waits for nobody.
        socket.connect(&address.into()).map_err(|error| format!("connection {number}: {error}"))?;
        socket.set_tcp_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(socket.into());
        if state == State::Opening {
            let head = format!(
                "GET /app/{KEY}?protocol=7&client=bench&version=1.0 HTTP/1.1\r\nHost: {address}\r\n\
                 Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                 Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            );
            stream.write_all(head.as_bytes())?;
        }
        self.poll.registry().register(&mut stream, Token(number), Interest::READABLE)?;
        self.clients.push(Client { stream, state, channel, partial: Vec::new() });
        Ok(())
    }

    /// Waits up to `timeout` for something to read, and hands every stamped frame to `receive` with its client's number.
    pub(crate) fn turn(&mut self, timeout: Duration, receive: &mut impl FnMut(usize, Stamp)) -> Result<()> {
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
            _ => {}
        }
        for event in &self.events {
            let number = event.token().0;
            let client = &mut self.clients[number];
            let was_ready = client.state == State::Ready;
            client.read(&mut self.buffer, &mut |stamp| receive(number, stamp))?;
            self.ready += usize::from(!was_ready && client.state == State::Ready);
        }
        Ok(())
    }
}

impl Client {
    fn read(&mut self, buffer: &mut [u8], receive: &mut impl FnMut(Stamp)) -> Result<()> {
        loop {
            let count = match self.stream.read(buffer) {
                Ok(0) => return Err("the server hung up on a client".into()),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            if self.partial.is_empty() {
                let used = self.take_frames(&buffer[..count], receive)?;
                self.partial.extend_from_slice(&buffer[used..count]);
            } else {
                let mut bytes = std::mem::take(&mut self.partial);
                bytes.extend_from_slice(&buffer[..count]);
                let used = self.take_frames(&bytes, receive)?;
                bytes.drain(..used);
                self.partial = bytes;
            }
            // The socket had no more than that; epoll tells when more comes.
            if count < buffer.len() {
                return Ok(());
            }
        }
    }

    /// Takes all whole frames at the beginning of `bytes`; how many bytes these were.
    fn take_frames(&mut self, bytes: &[u8], receive: &mut impl FnMut(Stamp)) -> Result<usize> {
        let mut used = 0;
        if self.state == State::Opening {
            let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(0) };
            if !bytes.starts_with(b"HTTP/1.1 101 ") {
                return Err("the server refused the WebSocket handshake".into());
            }
            self.state = State::Greeting;
            used = end + 4;
        }
        while let Some((head, payload)) = frame(&bytes[used..]) {
            let text = &bytes[used + head..used + head + payload];
            match Stamp::find(text) {
                Some(stamp) => receive(stamp),
                None => self.converse(bytes[used] & 0x0f, text)?,
            }
            used += head + payload;
        }
        Ok(used)
    }

    /// Deals with a frame that is no event of ours: the protocol's own.
    fn converse(&mut self, opcode: u8, text: &[u8]) -> Result<()> {
        const CLOSE: u8 = 8;
        let shown = || String::from_utf8_lossy(text).into_owned();
        let has = |word: &str| text.windows(word.len()).any(|window| window == word.as_bytes());
        match self.state {
            _ if opcode == CLOSE => Err(format!("the server closed a client: {}", shown()).into()),
            State::Greeting if has("pusher:connection_established") => {
                let channel = &self.channel;
                let ask =
                    format!(r#"{{"event":"pusher:subscribe","data":{{"auth":"","channel":"{channel}"}}}}"#);
                self.state = State::Subscribing;
                self.say(&ask)
            }
            State::Subscribing if has("pusher_internal:subscription_succeeded") => {
                self.state = State::Ready;
                Ok(())
            }
            _ if has("pusher:ping") => self.say(r#"{"event":"pusher:pong","data":{}}"#),
            _ => Err(format!("a client did not expect this: {}", shown()).into()),
        }
    }

    /// Sends a text frame, masked with zeros.
    fn say(&mut self, text: &str) -> Result<()> {
        let mut frame = vec![0x81];
        match u8::try_from(text.len()) {
            Ok(len @ ..126) => frame.push(0x80 | len),
            _ => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&u16::try_from(text.len())?.to_be_bytes());
            }
        }
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(text.as_bytes());
        Ok(self.stream.write_all(&frame)?)
    }
}

/// The lengths of head and payload of the frame at the beginning of `bytes`, if it is there as a whole.
fn frame(bytes: &[u8]) -> Option<(usize, usize)> {
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

/// Counts deliveries, and sees whether each client gets every event once and in order.
#[derive(Debug)]
pub(crate) struct Tally {
    next: Vec<u64>,
    pub(crate) deliveries: u64,
    pub(crate) wrong: u64,
}

impl Tally {
    pub(crate) fn new(clients: usize) -> Self {
        Self { next: vec![0; clients], deliveries: 0, wrong: 0 }
    }

    pub(crate) fn count(&mut self, client: usize, stamp: Stamp) {
        self.deliveries += 1;
        if self.next[client] != stamp.sequence {
            self.wrong += 1;
        }
        self.next[client] = stamp.sequence + 1;
    }
}
