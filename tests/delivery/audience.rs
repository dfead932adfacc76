//! A server with a queue and subscribers, all on one channel.

use canyon::config::Settings;
use canyon::event::Draft;
use canyon::queue::{Producer, ProducerOptions, Push};
use canyon::server::Server;
use std::io::{Read, Write};
use std::net::TcpStream;
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
    producer: Producer,
    subscribers: Vec<TcpStream>,
    pushed: u64,
    _directory: TempDir,
    _stage: MutexGuard<'static, ()>,
}

impl Audience {
    pub(crate) fn of(subscribers: usize) -> Self {
        let stage = STAGE.lock().unwrap_or_else(PoisonError::into_inner);
        let directory = tempfile::tempdir().unwrap();
        let queue = directory.path().join("queue");
        let toml = format!(
            "listen = ['127.0.0.1:0']\nqueue = '{}'\nworkers = 1\n[[app]]\nid = '1'\nkey = 'key'\nsecret = 's'\n",
            queue.display()
        );
        let server = Server::start(&Settings::from_toml(&toml, &"test").unwrap().settle().unwrap()).unwrap();
        let address = server.addresses()[0].to_string();
        let subscribers = (0..subscribers).map(|_| subscribe(&address)).collect();
        let producer = Producer::attach(ProducerOptions::new(&queue)).unwrap();
        Self { server, producer, subscribers, pushed: 0, _directory: directory, _stage: stage }
    }

    /// Pushes an event into the queue.
    pub(crate) fn publish(&mut self) {
        let data = self.pushed.to_string();
        let draft = Draft {
            app: b"1",
            channels: std::iter::once(&b"news"[..]),
            name: b"x",
            data: data.as_bytes(),
            except: None,
        };
        let event = draft.encode().unwrap();
        let pushed = self.producer.push(event.len(), |writer| event.write(|piece| writer.put(piece)));
        assert_eq!(pushed.unwrap(), Push::Published);
        self.pushed += 1;
    }

    /// Waits until the hub has had every event, which is when each is in the worker's inbox.
    pub(crate) fn wait_for_hub(&self) {
        wait(|| self.server.metrics().events_from_queue.get() == self.pushed);
    }

    /// Reads the next `count` events of each subscriber.
    pub(crate) fn receive(&mut self, count: u64) {
        for subscriber in &mut self.subscribers {
            for number in self.pushed - count..self.pushed {
                assert_eq!(
                    read_frame(subscriber),
                    format!(r#"{{"event":"x","channel":"news","data":"{number}"}}"#)
                );
            }
        }
    }
}

pub(crate) fn wait(mut until: impl FnMut() -> bool) {
    let patience = Instant::now() + PATIENCE;
    while !until() {
        assert!(Instant::now() < patience, "it did not happen");
        std::thread::sleep(Duration::from_micros(100));
    }
}

fn subscribe(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "GET /app/key?protocol=7 HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.extend(read(&mut stream, 1));
    }
    assert!(answer.starts_with(b"HTTP/1.1 101 "));
    assert!(read_frame(&mut stream).contains("connection_established"));
    let ask = r#"{"event":"pusher:subscribe","data":{"channel":"news"}}"#;
    // Masked with zeros.
    stream.write_all(&[&[0x81, 0x80 | ask.len() as u8, 0, 0, 0, 0], ask.as_bytes()].concat()).unwrap();
    assert!(read_frame(&mut stream).contains("subscription_succeeded"));
    stream
}

fn read_frame(stream: &mut TcpStream) -> String {
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
