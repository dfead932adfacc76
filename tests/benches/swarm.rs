//! Many WebSocket clients in one thread: one epoll, one read buffer, no JSON.
//!
//! A swarm has to be far cheaper than the server that it measures. What it does for a delivery is to step over a
//! frame's header and to look for the stamp; what it does not do is to answer, to unmask or to allocate.

use crate::Result;
use crate::client::{Client, Speaker, State};
use crate::stamp::Stamp;
use crate::target::{App, Target};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustix::io::Errno;
use socket2::{Domain, Socket, Type};
use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

/// Read in one go, by whichever client has something to read.
const READ_BUFFER: usize = 256 << 10;

/// Clients that may be in the middle of connecting at the same time, unless said otherwise.
const CONNECTING: usize = 256;

/// Connections from one address: the system has some 28,000 ports to give to each.
const PER_ADDRESS: usize = 20_000;

/// The same of clients that connect all at once.
const PER_LAUNCHING_ADDRESS: usize = 2_500;

/// What the kernel keeps for a distant client, and the largest segment it is sent.
const DISTANT_BUFFER: usize = 64 << 10;
const DISTANT_SEGMENT: u32 = 1_448;

/// Connecting stops being tried when nothing has happened for so long.
const PATIENCE: Duration = Duration::from_secs(10);

/// What becomes of what clients get.
pub(crate) trait Receiver {
    /// A stamped event.
    fn event(&mut self, client: usize, stamp: Stamp);

    /// A message of the protocol's own: a subscription that succeeded, members who come and go, a pong.
    fn notice(&mut self, _client: usize, _text: &[u8]) {}

    /// The server has refused something.
    fn refused(&mut self, client: usize, text: &str) -> Result<()> {
        Err(format!("the server refused client {client} something: {text}").into())
    }

    /// The server has hung up, with a close code if it said one.
    fn gone(&mut self, client: usize, code: Option<u16>) -> Result<()> {
        let code = code.map_or_else(|| "without a word".to_owned(), |code| format!("with {code}"));
        Err(format!("the server hung up on client {client} {code}").into())
    }
}

/// Events are all that counts.
impl<F: FnMut(usize, Stamp)> Receiver for F {
    fn event(&mut self, client: usize, stamp: Stamp) {
        self(client, stamp);
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Swarm {
    poll: Poll,
    events: Events,
    address: SocketAddr,
    app: App,
    clients: Vec<Client>,
    buffer: Vec<u8>,
    ready: usize,
    /// Whether clients are as they are on the internet: their segments are small, and the kernels of both sides keep a few
    /// hundred kilobytes for a client that does not read, where on loopback it would be many megabytes.
    pub(crate) is_distant: bool,
    /// How long the clients may be silent, and when they spoke last.
    activity: (Option<Duration>, Instant),
}

impl Swarm {
    /// Connects `count` clients and subscribes the client with number `n` to `channel(n)`, signed where its name asks for
    /// it.
    pub(crate) fn subscribe(
        target: &Target,
        count: usize,
        channel: impl Fn(usize) -> String,
    ) -> Result<Self> {
        let mut swarm = Self::new(target.address, target.app.clone())?;
        swarm.add(count, CONNECTING, |number| vec![channel(number)], &mut |_, _| {})?;
        Ok(swarm)
    }

    /// Connects `count` clients to somebody who sends frames without having been asked.
    pub(crate) fn listen(address: SocketAddr, count: usize) -> Result<Self> {
        let mut swarm = Self::new(address, App::none())?;
        for _ in 0..count {
            swarm.connect(State::Ready, Vec::new())?;
        }
        swarm.ready = count;
        Ok(swarm)
    }

    /// A swarm without clients.
    pub(crate) fn new(address: SocketAddr, app: App) -> Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            address,
            app,
            clients: Vec::new(),
            buffer: vec![0; READ_BUFFER],
            ready: 0,
            is_distant: false,
            activity: (None, Instant::now()),
        })
    }

    /// Connects `count` more clients, `at_once` at a time, and subscribes the client with number `n` to `channels(n)`. To
    /// no channel is possible too.
    pub(crate) fn add(
        &mut self,
        count: usize,
        at_once: usize,
        channels: impl Fn(usize) -> Vec<String>,
        receiver: &mut impl Receiver,
    ) -> Result<()> {
        let all = self.clients.len() + count;
        let mut last_progress = (Instant::now(), 0);
        while self.ready < all {
            while self.clients.len() < all && self.clients.len() - self.ready < at_once {
                let number = self.clients.len();
                self.connect(State::Opening, channels(number))?;
            }
            self.turn(Duration::from_millis(100), receiver)?;
            if self.ready > last_progress.1 {
                last_progress = (Instant::now(), self.ready);
            } else if last_progress.0.elapsed() > PATIENCE {
                return Err(format!("only {} of {all} clients could subscribe", self.ready).into());
            }
        }
        Ok(())
    }

    /// Clients that are connected and subscribed.
    pub(crate) fn ready(&self) -> usize {
        self.ready
    }

    fn connect(&mut self, state: State, channels: Vec<String>) -> Result<()> {
        let (number, address) = (self.clients.len(), self.address);
        let socket = self.socket(number / PER_ADDRESS)?;
        // On loopback this waits for nobody.
        socket.connect(&address.into()).map_err(|error| format!("connection {number}: {error}"))?;
        socket.set_tcp_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(socket.into());
        if state == State::Opening {
            stream.write_all(handshake(address, &self.app).as_bytes())?;
        }
        self.poll.registry().register(&mut stream, Token(number), Interest::READABLE)?;
        self.clients.push(Client::new(stream, state, channels));
        Ok(())
    }

    /// Has `count` clients connect at the same time, from several addresses: not one waits for another.
    /// They are there once [`Swarm::ready`] counts them.
    pub(crate) fn launch(&mut self, count: usize, channel: impl Fn(usize) -> String) -> Result<()> {
        for number in self.clients.len()..self.clients.len() + count {
            let socket = self.socket(1 + number / PER_LAUNCHING_ADDRESS)?;
            socket.set_tcp_nodelay(true)?;
            socket.set_nonblocking(true)?;
            match socket.connect(&self.address.into()) {
                Err(error) if error.raw_os_error() != Some(Errno::INPROGRESS.raw_os_error()) => {
                    return Err(format!("connection {number}: {error}").into());
                }
                _ => {}
            }
            let mut stream = TcpStream::from_std(socket.into());
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut stream, Token(number), interest)?;
            self.clients.push(Client::new(stream, State::Connecting, vec![channel(number)]));
        }
        Ok(())
    }

    /// A socket whose own address is the usual one, or one of those beside it.
    fn socket(&self, beside: usize) -> Result<Socket> {
        let address = self.address;
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        if self.is_distant {
            socket.set_recv_buffer_size(DISTANT_BUFFER)?;
            socket.set_tcp_mss(DISTANT_SEGMENT)?;
        }
        if beside > 0 && address.ip().is_loopback() && address.is_ipv4() {
            let source = Ipv4Addr::new(127, 0, 1, u8::try_from(beside)?);
            socket.bind(&SocketAddr::from((source, 0)).into())?;
        }
        Ok(socket)
    }

    /// Waits up to `timeout` for something to read, and hands what comes to `receiver` with its client's number.
    pub(crate) fn turn(&mut self, timeout: Duration, receiver: &mut impl Receiver) -> Result<()> {
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
            _ => {}
        }
        for event in &self.events {
            let number = event.token().0;
            let client = &mut self.clients[number];
            let before = client.state;
            if before == State::Connecting && event.is_writable() {
                client.open(&handshake(self.address, &self.app))?;
            }
            let speaker = Speaker { number, app: &self.app };
            client.read(&mut self.buffer, event.is_read_closed(), speaker, receiver)?;
            if before != client.state {
                self.ready += usize::from(client.state == State::Ready);
                self.ready -= usize::from(before == State::Ready);
                if let Some(seconds) = client.activity_timeout {
                    self.activity.0 = Some(Duration::from_secs(seconds));
                }
                if client.state == State::Gone {
                    self.poll.registry().deregister(&mut client.stream)?;
                }
            }
        }
        self.stay_active()
    }

    /// Pings as the server's `activity_timeout` asks of clients that are silent otherwise.
    fn stay_active(&mut self) -> Result<()> {
        let (Some(timeout), last) = self.activity else { return Ok(()) };
        if last.elapsed() > timeout * 3 / 4 {
            for client in self.clients.iter_mut().filter(|client| client.state == State::Ready) {
                client.say(r#"{"event":"pusher:ping","data":{}}"#)?;
            }
            self.activity.1 = Instant::now();
        }
        Ok(())
    }

    /// Subscribes a client to more channels; it is not ready until it has all of them.
    pub(crate) fn subscribe_more(&mut self, client: usize, channels: Vec<String>) -> Result<()> {
        let speaker = Speaker { number: client, app: &self.app };
        let client = &mut self.clients[client];
        self.ready -= usize::from(client.state == State::Ready);
        client.subscribe(channels, speaker)?;
        self.ready += usize::from(client.state == State::Ready);
        Ok(())
    }

    /// Sends a message as a client.
    pub(crate) fn say(&mut self, client: usize, text: &str) -> Result<()> {
        self.clients[client].say(text)
    }
}

/// The request that opens a WebSocket.
pub(crate) fn handshake(address: SocketAddr, app: &App) -> String {
    format!(
        "GET /app/{}?protocol=7&client=bench&version=1.0&flash=false HTTP/1.1\r\nHost: {address}\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        app.key
    )
}
