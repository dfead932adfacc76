//! The floor of connecting: one thread that accepts, answers the upgrade and every subscription with fixed bytes, and
//! looks at nothing that it is told.
//!
//! It runs as a process of its own, as [`crate::floor`] does, and its clients are the same as the server's: the answers
//! are what a Pusher server would say. With a pace it also sends events to the first that subscribed, for what an
//! avalanche of newcomers does to those who are there.

use crate::Result;
use crate::children::Process;
use crate::stamp::Stamp;
use crate::target::Target;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

/// The hidden command that this program starts itself with.
pub(crate) const COMMAND: &str = "answering-floor";

/// Bytes of an event's frame payload.
const EVENT: usize = 320;

const LISTENER: Token = Token(usize::MAX - 1);

/// The answer to `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==`, and the greeting behind it.
const UPGRADE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const GREETING: &[u8] = br#"{"event":"pusher:connection_established","data":"{\"socket_id\":\"1234567890.1234567890\",\"activity_timeout\":50}"}"#;
const SUBSCRIBED: &[u8] =
    br#"{"event":"pusher_internal:subscription_succeeded","channel":"a-channel-of-the-benchmark","data":"{}"}"#;

/// A running floor. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Answering {
    process: Process,
    address: SocketAddr,
}

impl Answering {
    /// Starts a floor that sends `rate` events a second to the first `receivers` that subscribe.
    pub(crate) fn start(receivers: usize, rate: usize) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(COMMAND).args([receivers.to_string(), rate.to_string()]);
        let mut process = Process::start(&mut command)?;
        let mut line = String::new();
        BufReader::new(process.output()?).read_line(&mut line)?;
        Ok(Self { process, address: line.trim().parse()? })
    }

    /// As something that scenarios are pointed at.
    pub(crate) fn target(&self) -> Target {
        Target::bare(self.address, self.process.id())
    }
}

/// The answering process: prints its address and stays until its input ends.
pub(crate) fn answer(arguments: &[String]) -> Result<()> {
    let [receivers, rate] = arguments else { return Err("answering-floor takes 2 numbers".into()) };
    let (receivers, rate): (usize, u32) = (receivers.parse()?, rate.parse()?);
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    // Accepted sockets inherit it.
    socket.set_tcp_nodelay(true)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    socket.listen(4096)?;
    let mut listener = TcpListener::from_std(socket.into());
    let poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    std::thread::spawn(|| {
        std::io::stdin().lines().for_each(drop);
        std::process::exit(0);
    });
    let mut floor = Floor { poll, listener, clients: Vec::new(), receivers: Vec::new() };
    let pause = rate.checked_div(rate).map(|_| Duration::from_secs(1) / rate);
    floor.run(receivers, pause)
}

struct Floor {
    poll: Poll,
    listener: TcpListener,
    clients: Vec<Option<Client>>,
    /// Those who get events.
    receivers: Vec<usize>,
}

struct Client {
    stream: TcpStream,
    is_upgraded: bool,
}

impl Floor {
    fn run(&mut self, receivers: usize, pause: Option<Duration>) -> Result<()> {
        let greeting = [UPGRADE, &frame(GREETING)].concat();
        let subscribed = frame(SUBSCRIBED);
        let mut events = Events::with_capacity(1024);
        let mut buffer = vec![0; 4096];
        let (mut due, mut sequence) = (Instant::now(), 0);
        loop {
            let timeout = pause.map(|_| due.saturating_duration_since(Instant::now()));
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
                _ => {}
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.accept()?,
                    Token(number) => {
                        let Some(client) = &mut self.clients[number] else { continue };
                        match client.stream.read(&mut buffer) {
                            Ok(0) => self.clients[number] = None,
                            Ok(_) if client.is_upgraded => {
                                client.stream.write_all(&subscribed)?;
                                if self.receivers.len() < receivers {
                                    self.receivers.push(number);
                                }
                            }
                            Ok(_) => {
                                client.stream.write_all(&greeting)?;
                                client.is_upgraded = true;
                            }
                            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                            Err(_) => self.clients[number] = None,
                        }
                    }
                }
            }
            if let Some(pause) = pause
                && Instant::now() >= due
                && self.receivers.len() == receivers
            {
                due += pause;
                let bytes = frame(Stamp::now(sequence).data(EVENT).as_bytes());
                sequence += 1;
                for &number in &self.receivers {
                    if let Some(client) = &mut self.clients[number] {
                        client.stream.write_all(&bytes)?;
                    }
                }
            }
        }
    }

    fn accept(&mut self) -> Result<()> {
        loop {
            match self.listener.accept() {
                Ok((mut stream, _)) => {
                    let token = Token(self.clients.len());
                    self.poll.registry().register(&mut stream, token, Interest::READABLE)?;
                    self.clients.push(Some(Client { stream, is_upgraded: false }));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// A text frame.
fn frame(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u8::try_from(payload.len()) {
        Ok(len @ ..126) => frame.push(len),
        _ => {
            frame.push(126);
            frame.extend_from_slice(&(payload.len() as u16).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}
