//! Clients that count: each knows which event must come next.

use crate::follower::{Fault, Follower};
use crate::ledger::{self, Ledger};
use crate::publishing::EVENT;
use crate::served::{KEY, SECRET};
use canyon::protocol::signature;
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;

/// Tasks read with buffers of this size.
const BUFFER: usize = 8 << 10;

/// What was seen by all clients together.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) deliveries: usize,
    pub(crate) disconnects: usize,
    pub(crate) lost: u64,
    pub(crate) disordered: usize,
    pub(crate) presence: usize,
    pub(crate) longest_silence: Duration,
}

#[derive(Debug, Default)]
struct Seen {
    report: Mutex<Report>,
    last: Mutex<Option<Instant>>,
    deliveries: AtomicUsize,
    is_watching: AtomicBool,
    /// By client.
    followers: Mutex<Vec<Arc<Mutex<Follower>>>>,
}

pub(crate) struct Audience {
    seen: Arc<Seen>,
    runtime: tokio::runtime::Runtime,
}

/// What the server says.
#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow, default)]
    data: Cow<'a, str>,
}

/// Sends a text frame, masked with zeros.
pub(crate) fn frame(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81, 0x80 | 126];
    frame.extend_from_slice(&u16::try_from(text.len()).unwrap().to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(text.as_bytes());
    frame
}

/// Takes a server's text frames off a buffer.
pub(crate) fn take_frames(bytes: &mut Vec<u8>, mut each: impl FnMut(u8, &[u8])) {
    let mut at = 0;
    loop {
        let rest = &bytes[at..];
        let (head, length) = match *rest {
            [_, length @ ..126, ..] => (2, usize::from(length)),
            [_, 126, a, b, ..] => (4, usize::from(u16::from_be_bytes([a, b]))),
            [_, 127, _, _, _, _, a, b, c, d, ..] => (10, u32::from_be_bytes([a, b, c, d]) as usize),
            _ => break,
        };
        let Some(payload) = rest.get(head..head + length) else { break };
        each(rest[0], payload);
        at += head + length;
    }
    bytes.drain(..at);
}

/// Connects; the stream, and its socket id.
pub(crate) fn connect(port: u16) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.set_nodelay(true).unwrap();
    let id = greet(&mut stream);
    (stream, id)
}

/// Shakes hands; the socket id.
pub(crate) fn greet(stream: &mut (impl Read + Write)) -> String {
    stream
        .write_all(
            format!(
                "GET /app/{KEY}?protocol=7 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            .as_bytes(),
        )
        .unwrap();
    let mut bytes = Vec::new();
    let mut id = None;
    while id.is_none() {
        let mut buffer = [0; 1024];
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "the server hung up");
        bytes.extend_from_slice(&buffer[..count]);
        if let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let mut rest = bytes[head + 4..].to_vec();
            take_frames(&mut rest, |_, payload| {
                let event: Value = serde_json::from_slice(payload).unwrap();
                let data: Value = serde_json::from_str(event["data"].as_str().unwrap()).unwrap();
                id = Some(data["socket_id"].as_str().unwrap().to_owned());
            });
        }
    }
    id.unwrap()
}

/// Subscribes and waits until it is done.
pub(crate) fn subscribe(stream: &mut (impl Read + Write), id: &str, channel: &str) {
    let mut data = json!({"channel": channel});
    let mut signed = format!("{id}:{channel}");
    if channel.starts_with("presence-") {
        let member = json!({"user_id": id}).to_string();
        signed = format!("{signed}:{member}");
        data["channel_data"] = json!(member);
    }
    if channel.starts_with('p') {
        data["auth"] = json!(format!("{KEY}:{}", signature::sign(SECRET, &[&signed])));
    }
    stream.write_all(&frame(&json!({"event": "pusher:subscribe", "data": data}).to_string())).unwrap();
    let (mut bytes, mut is_done) = (Vec::new(), false);
    while !is_done {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "the server hung up");
        bytes.extend_from_slice(&buffer[..count]);
        take_frames(&mut bytes, |_, payload| {
            is_done |= payload.windows(22).any(|part| part == b"subscription_succeeded");
        });
    }
}

impl Audience {
    /// Clients of the channels in turn. Nobody publishes yet.
    pub(crate) fn connect(port: u16, clients: usize, channels: &[String], ledger: &Ledger) -> Self {
        let seen = Arc::<Seen>::default();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        for number in 0..clients {
            let channel = number % channels.len();
            let (mut stream, id) = connect(port);
            subscribe(&mut stream, &id, &channels[channel]);
            stream.set_nonblocking(true).unwrap();
            let follower = Arc::new(Mutex::new(Follower::join(channel, ledger)));
            seen.followers.lock().unwrap().push(Arc::clone(&follower));
            runtime.spawn(read(follower, stream, Arc::clone(&seen)));
        }
        Self { seen, runtime }
    }

    /// From here on nobody comes or goes.
    pub(crate) fn watch(&self) {
        std::thread::sleep(Duration::from_secs(1));
        self.seen.is_watching.store(true, Ordering::Relaxed);
    }

    /// Waits until everything that was published has come, and says what was not as it should be.
    pub(crate) fn finish(self, ledger: &Ledger, patience: Duration) -> Report {
        let until = Instant::now() + patience;
        let followers = self.seen.followers.lock().unwrap().clone();
        let missing = || followers.iter().map(|one| one.lock().unwrap().missing(ledger)).sum::<u64>();
        while missing() > 0 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(100));
        }
        self.runtime.shutdown_background();
        let mut report = std::mem::take(&mut *self.seen.report.lock().unwrap());
        for follower in &followers {
            follower.lock().unwrap().conclude(ledger).into_iter().for_each(|fault| report.note(&fault));
        }
        report.deliveries = self.seen.deliveries.load(Ordering::Relaxed);
        report
    }
}

impl Report {
    fn note(&mut self, fault: &Fault) {
        match fault {
            Fault::Lost(count, _) => self.lost += count,
            Fault::Doubled(_) => self.disordered += 1,
        }
    }
}

async fn read(follower: Arc<Mutex<Follower>>, stream: TcpStream, seen: Arc<Seen>) {
    let mut stream = tokio::net::TcpStream::from_std(stream).unwrap();
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; BUFFER]);
    loop {
        let count = stream.read(&mut buffer).await.unwrap_or(0);
        if count == 0 {
            seen.report.lock().unwrap().disconnects += 1;
            return;
        }
        bytes.extend_from_slice(&buffer[..count]);
        take_frames(&mut bytes, |first, payload| {
            if first == 0x81 {
                note(&mut follower.lock().unwrap(), payload, &seen);
            } else if first == 0x88 {
                seen.report.lock().unwrap().disconnects += 1;
            }
        });
    }
}

fn note(follower: &mut Follower, payload: &[u8], seen: &Seen) {
    let said: Said<'_> = serde_json::from_slice(payload).unwrap();
    if said.event != EVENT {
        if seen.is_watching.load(Ordering::Relaxed) {
            seen.report.lock().unwrap().presence += 1;
        }
        return;
    }
    let (source, number) = ledger::read(&said.data, follower.channel).unwrap();
    if let Err(fault) = follower.event(source, number) {
        seen.report.lock().unwrap().note(&fault);
    }
    seen.deliveries.fetch_add(1, Ordering::Relaxed);
    let now = Instant::now();
    if let Some(last) = seen.last.lock().unwrap().replace(now) {
        let silence = now.duration_since(last);
        if silence > Duration::from_millis(1) {
            let mut report = seen.report.lock().unwrap();
            report.longest_silence = report.longest_silence.max(silence);
        }
    }
}
