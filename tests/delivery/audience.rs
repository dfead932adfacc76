//! A server with a queue and subscribers, all on one channel.

use canyon::config::Settings;
use canyon::event::Draft;
use canyon::metrics::Metrics;
use canyon::queue::{Producer, ProducerOptions, Push};
use canyon::server::Server;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Nothing here takes this long; it bounds a test that would hang.
const PATIENCE: Duration = Duration::from_secs(20);

/// The counters count for the whole process: one audience at a time.
static STAGE: Mutex<()> = Mutex::new(());

/// See the module.
pub(crate) struct Audience {
    server: Server,
    address: String,
    producer: Producer,
    subscribers: Vec<TcpStream>,
    pushed: u64,
    _directory: TempDir,
    _stage: MutexGuard<'static, ()>,
}

impl Audience {
    pub(crate) fn of(subscribers: usize) -> Self {
        Self::with(subscribers, "")
    }

    /// With a setting of the app.
    pub(crate) fn with(subscribers: usize, setting: &str) -> Self {
        let stage = STAGE.lock().unwrap_or_else(PoisonError::into_inner);
        let directory = tempfile::tempdir().unwrap();
        let queue = directory.path().join("queue");
        let toml = format!(
            "listen = ['127.0.0.1:0']\nqueue = '{}'\nworkers = 1\nsend_timeout = 3600\n[[app]]\nid = '1'\nkey = 'key'\nsecret = 's'\n{setting}\n",
            queue.display()
        );
        let server = Server::start(&Settings::from_toml(&toml, &"test").unwrap().settle().unwrap()).unwrap();
        let address = server.addresses()[0].to_string();
        let subscribers = (0..subscribers).map(|_| subscribe(knock(&address))).collect();
        let producer = Producer::attach(ProducerOptions::new(&queue)).unwrap();
        Self { server, address, producer, subscribers, pushed: 0, _directory: directory, _stage: stage }
    }

    /// Clients who have said their handshake and heard nothing yet.
    pub(crate) fn knock(&self, count: usize) -> Vec<TcpStream> {
        (0..count).map(|_| knock(&self.address)).collect()
    }

    /// Has clients who knocked take part.
    pub(crate) fn seat(&mut self, clients: Vec<TcpStream>) {
        self.subscribers.extend(clients.into_iter().map(subscribe));
    }

    /// Takes a subscriber out of those who listen. It stays connected.
    pub(crate) fn distract(&mut self) -> TcpStream {
        self.subscribers.pop().unwrap()
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        self.server.metrics()
    }

    /// Pushes an event into the queue.
    pub(crate) fn publish(&mut self) {
        self.publish_large(0);
    }

    /// Pushes an event of at least so many bytes into the queue, as soon as there is room.
    pub(crate) fn publish_large(&mut self, bytes: usize) {
        let data = format!("{:1$}", self.pushed, bytes);
        let draft = Draft {
            app: b"1",
            channels: std::iter::once(&b"news"[..]),
            name: b"x",
            data: data.as_bytes(),
            except: None,
        };
        let event = draft.encode().unwrap();
        wait(|| {
            let pushed = self.producer.push(event.len(), |writer| event.write(|piece| writer.put(piece)));
            pushed.unwrap() == Push::Published
        });
        self.pushed += 1;
    }

    /// Waits until the hub has had every event, which is when each is in the worker's inbox.
    pub(crate) fn wait_for_hub(&self) {
        wait(|| self.server.metrics().events_from_queue.get() == self.pushed);
    }

    /// Reads the next `count` events of each subscriber.
    pub(crate) fn receive(&mut self, count: u64) {
        for subscriber in &mut self.subscribers {
            hear(subscriber, self.pushed - count..self.pushed);
        }
    }

    /// The same, with all of them reading at the same time.
    pub(crate) fn receive_at_once(&mut self, count: u64) {
        let events = self.pushed - count..self.pushed;
        std::thread::scope(|scope| {
            for subscriber in &mut self.subscribers {
                let events = events.clone();
                scope.spawn(|| hear(subscriber, events));
            }
        });
    }
}

fn hear(subscriber: &mut TcpStream, events: Range<u64>) {
    for number in events {
        let frame = read_frame(subscriber);
        let data = frame.strip_prefix(r#"{"event":"x","channel":"news","data":""#);
        let data = data.and_then(|data| data.strip_suffix(r#""}"#));
        assert_eq!(data.map(|data| data.trim().parse()), Some(Ok(number)), "{frame}");
    }
}

pub(crate) fn wait(mut until: impl FnMut() -> bool) {
    let patience = Instant::now() + PATIENCE;
    while !until() {
        assert!(Instant::now() < patience, "it did not happen");
        std::thread::sleep(Duration::from_micros(100));
    }
}

fn knock(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "GET /app/key?protocol=7 HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

fn subscribe(mut stream: TcpStream) -> TcpStream {
    greet(&mut stream);
    say(&mut stream, &["subscribe"]);
    assert!(read_frame(&mut stream).contains("subscription_succeeded"));
    stream
}

/// Reads what a client that knocked is told.
pub(crate) fn greet(stream: &mut TcpStream) {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.extend(read(stream, 1));
    }
    assert!(answer.starts_with(b"HTTP/1.1 101 "));
    assert!(read_frame(stream).contains("connection_established"));
}

/// Asks, all at once, to be subscribed to the channel, or taken off it.
pub(crate) fn say(stream: &mut TcpStream, words: &[&str]) {
    let frame = |word: &&str| {
        let text = format!(r#"{{"event":"pusher:{word}","data":{{"channel":"news"}}}}"#);
        // Masked with zeros.
        [&[0x81, 0x80 | text.len() as u8, 0, 0, 0, 0], text.as_bytes()].concat()
    };
    stream.write_all(&words.iter().flat_map(frame).collect::<Vec<u8>>()).unwrap();
}

pub(crate) fn read_frame(stream: &mut TcpStream) -> String {
    let head = read(stream, 2);
    assert_eq!(head[0], 0x81, "a text frame");
    let len = match head[1] {
        126 => {
            let len = read(stream, 2);
            usize::from(u16::from_be_bytes([len[0], len[1]]))
        }
        len => usize::from(len),
    };
    String::from_utf8(read(stream, len)).unwrap()
}

fn read(stream: &mut TcpStream, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}
